package runners

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"time"
)

// This file re-creates the pattern of itimofeev/go-saga, a library for sagas with a coordinator. None of its code is
// here. Steps are functions of any results, called through reflect; a log in memory has an entry for the begin and the
// end of a saga and for each step, with the step's results as JSON, from which compensations would get their arguments.
// There is no limit, no recover and no copy.

type (
	sagaStep struct {
		name string
		call reflect.Value // func(context.Context) (results..., error)
		undo reflect.Value // func(context.Context, results...) error
	}
	sagaEntry struct {
		execution, saga, kind string
		at                    time.Time
		step                  *int
		name                  *string
		payload               []byte
		took                  time.Duration
	}
	sagaStore map[string][]*sagaEntry
)

func (s sagaStore) add(e *sagaEntry) { s[e.execution] = append(s[e.execution], e) }

func saga(n int) (*Chain, error) {
	steps := trivial(n)
	return &Chain{Caller: func() Caller {
		var s *Small
		chain := make([]sagaStep, n)
		for i, do := range steps {
			chain[i] = sagaStep{
				name: hookName(i),
				call: reflect.ValueOf(func(ctx context.Context) error { return do(ctx, s) }),
				undo: reflect.ValueOf(func(context.Context) error { return nil }),
			}
		}
		return small.caller(n, func(ctx context.Context, state *Small) error {
			s = state
			return play(ctx, "chain", chain, sagaStore{})
		})()
	}}, nil
}

// play runs a saga.
func play(ctx context.Context, name string, steps []sagaStep, store sagaStore) error {
	id := sagaID()
	begun := time.Now()
	store.add(&sagaEntry{execution: id, saga: name, kind: "start", at: begun})
	for i := range steps {
		if err := steps[i].run(ctx, id, name, i, store); err != nil {
			return errors.Join(err, compensate(ctx, steps, store[id]))
		}
	}
	store.add(&sagaEntry{execution: id, saga: name, kind: "end", at: time.Now(), took: time.Since(begun)})
	return nil
}

func (st *sagaStep) run(ctx context.Context, id, saga string, i int, store sagaStore) error {
	begun := time.Now()
	results := st.call.Call([]reflect.Value{reflect.ValueOf(ctx)})
	last := len(results) - 1
	values := make([]any, 0, last)
	for _, r := range results[:last] {
		values = append(values, r.Interface())
	}
	payload, err := json.Marshal(values)
	if err != nil {
		return err
	}
	if err, _ := results[last].Interface().(error); err != nil {
		return err
	}
	store.add(&sagaEntry{
		execution: id, saga: saga, kind: "step", at: time.Now(), step: &i, name: &st.name, payload: payload, took: time.Since(begun),
	})
	return nil
}

// compensate undoes what was logged, newest first. No step here has results.
func compensate(ctx context.Context, steps []sagaStep, log []*sagaEntry) (failed error) {
	for i := len(log) - 1; i >= 0; i-- {
		if log[i].step == nil {
			continue
		}
		results := steps[*log[i].step].undo.Call([]reflect.Value{reflect.ValueOf(ctx)})
		if err, _ := results[0].Interface().(error); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// sagaID is a name for an execution.
func sagaID() string {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	id := make([]byte, 10)
	for i := range id {
		id[i] = letters[rand.IntN(len(letters))]
	}
	return string(id)
}
