package shapes

import "unsafe"

// indexIn returns which element of s the pointer p points to. It must be one.
func indexIn[E any](s []E, p *E) int {
	return int((uintptr(unsafe.Pointer(p)) - uintptr(unsafe.Pointer(&s[0]))) / unsafe.Sizeof(s[0]))
}
