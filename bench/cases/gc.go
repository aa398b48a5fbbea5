package main

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/hooktx/hooks/bench/peers"
)

// A shelf is a state whose strings and objects only the newest copy keeps alive.
type shelf struct {
	Items []*item
	Index map[string]*item
}

type item struct {
	Name string
	Tags []string
	Data any
}

// survive copies a state over and over, s = Clone(s), while the garbage collector runs without a break. Memory that a
// copier has hidden from the collector is freed and used again: texts change, or the process dies.
func survive(library string, length time.Duration) error {
	clone := peers.Of[shelf](library)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
			}
		}
	}()
	s := newShelf()
	for end, round := time.Now().Add(length), 0; time.Now().Before(end); round++ {
		next, err := clone(s)
		if err != nil {
			return &libraryError{err}
		}
		s = next
		if err := s.intact(); err != nil {
			return err
		}
		s.renew(round % len(s.Items))
	}
	return nil
}

func newShelf() *shelf {
	s := &shelf{Items: make([]*item, 200), Index: map[string]*item{}}
	for i := range s.Items {
		s.renew(i)
		s.Index[fmt.Sprintf("key-%06d", i)] = newItem(i)
	}
	return s
}

// renew puts new memory of the same content in place of item i.
func (s *shelf) renew(i int) { s.Items[i] = newItem(i) }

func newItem(i int) *item {
	return &item{
		Name: fmt.Sprintf("item-%06d", i), Tags: []string{fmt.Sprintf("tag-%06d", i), fmt.Sprintf("tag-%06d", i+1)},
		Data: map[string]any{"text": fmt.Sprintf("text-%06d", i)},
	}
}

func (s *shelf) intact() error {
	for i, it := range s.Items {
		if in := s.Index[fmt.Sprintf("key-%06d", i)]; !it.intact(i) || !in.intact(i) {
			return errors.New("content changed")
		}
	}
	return nil
}

func (it *item) intact(i int) bool {
	if it == nil || len(it.Tags) != 2 {
		return false
	}
	data, _ := it.Data.(map[string]any)
	return it.Name == fmt.Sprintf("item-%06d", i) && it.Tags[0] == fmt.Sprintf("tag-%06d", i) &&
		it.Tags[1] == fmt.Sprintf("tag-%06d", i+1) && data["text"] == fmt.Sprintf("text-%06d", i)
}
