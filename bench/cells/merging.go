package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/hooktx/hooks/bench/measure"
	"github.com/hooktx/hooks/bench/session"
	"github.com/hooktx/hooks/internal/deep"
)

// entries is how many a map has that is merged.
const entries = 10_000

// limited is how hooks copies states unless it is told otherwise: it counts bytes.
var limited = deep.Options{Limit: 10 << 20}

// copying is what merging is compared with.
const copying = "copying"

// merging is what a parallel group does with what its members have left.
const merging = "merging"

// merge measures, for maps of several types, what it takes to copy one, and to make one of two versions of it, in each of
// which another entry has changed.
func (t *trial) merge(note session.Note) error {
	for i, k := range mapKinds {
		if err := k.measure(t, note, i); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return nil
}

// A mapKind is a type of map.
type mapKind struct {
	name    string
	measure func(t *trial, note session.Note, at int) error
}

// An article is what a map may have.
type article struct {
	Name  string
	Price int
	Tags  [2]string
}

var mapKinds = []mapKind{
	{"map[string]int", mergeMaps(func(i int) int { return i })},
	{"map[string]any, as JSON makes it", mergeMaps(func(i int) any { return float64(i) })},
	{"map[string]*article", mergeMaps(func(i int) *article { return &article{Price: i} })},
	{"map[string]article", mergeMaps(func(i int) article { return article{Price: i} })},
}

// mergeMaps measures maps with such values. A copy costs what it allocates, too: the collector's work is in its time.
// Merging may use up the versions, so there are new ones for each run; what it takes to make them is not counted.
func mergeMaps[V any](value func(i int) V) func(t *trial, note session.Note, at int) error {
	return func(t *trial, note session.Note, at int) error {
		base := map[string]V{}
		for i := range entries {
			base["entry "+strconv.Itoa(i)] = value(i)
		}
		return t.Shuffled([]string{copying, merging}, []int{at}, func(impl string, at int) error {
			if impl == copying {
				return t.spend(note, "merge", impl, at, func() error { _, _, err := deep.Copy(&base, limited); return err })
			}
			ns, err := measure.SpendPrepared(t.Slice, func() (func() error, error) {
				versions, sizes, err := twoVersions(base, value)
				return func() error { return mergeTwo(&base, versions, sizes) }, err
			})
			if err != nil {
				return err
			}
			return note("merge", impl, at, ns)
		})
	}
}

// twoVersions are copies in each of which another entry has changed, copied as hooks does it when a hook is done.
func twoVersions[V any](base map[string]V, value func(i int) V) (versions []*map[string]V, sizes []int64, err error) {
	for i := range 2 {
		work, before, err := deep.Copy(&base, limited)
		if err != nil {
			return nil, nil, err
		}
		(*work)["entry "+strconv.Itoa(i)] = value(-1 - i)
		v, info, err := deep.Copy(work, limited)
		if err != nil {
			return nil, nil, err
		}
		if _, plain := any(*new(V)).(int); !plain && !info.Tree {
			return nil, nil, errors.New("the copy is not known to be a tree")
		}
		if i == 0 {
			sizes = append(sizes, before.Size)
		}
		versions, sizes = append(versions, v), append(sizes, info.Size)
	}
	return versions, sizes, nil
}

func mergeTwo[V any](base *map[string]V, versions []*map[string]V, sizes []int64) error {
	merged, _, err := deep.Merge(base, versions, deep.Options{Limit: limited.Limit, Adopt: true, Trees: true, Sizes: sizes})
	if err == nil && len(*merged) != entries {
		err = fmt.Errorf("%d entries instead of %d", len(*merged), entries)
	}
	return err
}
