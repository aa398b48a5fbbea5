package hooks

import "math/rand/v2"

// An idSource makes execution ids, many at a time: each is part of one string. Its owner
// uses it alone.
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

// randomText returns n letters of 5 bits. They are unique, not secret: the generator is
// ChaCha8, which the runtime seeds from the system.
func randomText(n int) string {
	const letters = 12 // of one random number
	text := make([]byte, n)
	for i := 0; i < n; i += letters {
		bits := rand.Uint64()
		for j := i; j < min(i+letters, n); j++ {
			text[j] = idAlphabet[bits&31]
			bits >>= 5
		}
	}
	return string(text)
}
