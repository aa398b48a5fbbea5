package hooks

import "crypto/rand"

// An idSource makes execution ids, many at a time: each is part of one string.
type idSource struct{ left string }

const (
	idLength   = 26 // 130 bits, as crypto/rand.Text has them
	idsAtOnce  = 32
	idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

func (s *idSource) next() string {
	if s.left == "" {
		s.left = randomText(idLength * idsAtOnce)
	}
	id := s.left[:idLength]
	s.left = s.left[idLength:]
	return id
}

func randomText(n int) string {
	text := make([]byte, n)
	_, _ = rand.Read(text) // never fails
	for i, b := range text {
		text[i] = idAlphabet[b%byte(len(idAlphabet))]
	}
	return string(text)
}
