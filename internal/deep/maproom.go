package deep

import "sync"

// This file finds out how much room a map has, which Go has no word for. It reads, and never writes, the beginning of a
// map as it lies in memory, and only after a look at maps of known sizes has shown that it lies as expected: in a version
// of Go with other maps nobody knows, and every map is taken for a full one.

// A mapHeader is the beginning of a map as it lies in memory in Go 1.24 and later, as far as it serves to see how much
// room the map has. It is only read, and only after knownMaps has seen that it is right.
type mapHeader struct {
	used   uint64
	seed   uintptr
	dir    pointer // to one group of 8 slots if dirLen is 0, else to tables
	dirLen int
}

type tableHeader struct{ used, capacity uint16 }

// roomOf returns how many slots the map m has, at most; 0 if that cannot be known.
func roomOf(m pointer) int {
	if mapLen(m) == 0 || !knownMaps() {
		return 0
	}
	switch h := (*mapHeader)(m); h.dirLen {
	case 0:
		return 8
	case 1:
		return int((*tableHeader)(load(h.dir)).capacity)
	default:
		return h.dirLen * 1024
	}
}

// knownMaps reports whether maps look in this version of Go as mapHeader says.
var knownMaps = sync.OnceValue(func() bool {
	for _, x := range []struct{ entries, dirLen, capacity int }{{3, 0, 0}, {8, 0, 0}, {12, 1, 16}, {100, 1, 128}, {800, 1, 1024}, {3000, 4, 0}} {
		m := make(map[string]string, x.entries)
		m["a"], m["b"] = "", ""
		p := *(*pointer)(pointer(&m))
		h := (*mapHeader)(p)
		if h.used != 2 || h.dirLen != x.dirLen || h.dir == nil {
			return false
		}
		if x.dirLen == 1 && int((*tableHeader)(load(h.dir)).capacity) != x.capacity {
			return false
		}
	}
	return true
})
