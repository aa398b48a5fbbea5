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

func (s *idSource) nextID() string {
	if s.left == "" {
		s.left = newIDs()
	}
	id := s.left[:idLength]
	s.left = s.left[idLength:]
	return id
}

// newIDs returns many ids in a row. They are unique, not secret: the generator is ChaCha8,
// which the runtime seeds from the system.
func newIDs() string {
	const letters = 12 // of 5 bits each, from one random number
	var text [idLength * idsAtOnce]byte
	var bits uint64
	for i := range text {
		if i%letters == 0 {
			bits = rand.Uint64()
		}
		text[i] = idAlphabet[bits&31]
		bits >>= 5
	}
	return string(text[:])
}
