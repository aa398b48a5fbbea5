package hooks

import (
	"math/rand/v2"
	"strings"
)

// An idSource makes execution ids, many at a time: each is part of one string. Its owner
// uses it alone.
type idSource struct{ left string }

const (
	idLength   = 26 // 130 bits, as crypto/rand.Text has them
	idsAtOnce  = 32
	idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
)

func (s *idSource) nextID() string {
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
	var text strings.Builder
	text.Grow(n)
	for text.Len() < n {
		bits := rand.Uint64()
		for range min(letters, n-text.Len()) {
			text.WriteByte(idAlphabet[bits&31])
			bits >>= 5
		}
	}
	return text.String()
}
