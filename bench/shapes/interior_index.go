package shapes

import "unsafe"

// upTo returns the n elements from the first of s on, of which s has the array.
func upTo[E any](s []E, n int) []E { return unsafe.Slice(&s[0], n) }

// indexIn returns which element of s the pointer p points to. It must be one.
func indexIn[E any](s []E, p *E) int {
	return int((uintptr(unsafe.Pointer(p)) - uintptr(unsafe.Pointer(&s[0]))) / unsafe.Sizeof(s[0]))
}
