package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain makes the test's own binary the child.
func TestMain(m *testing.M) {
	if !beChild() {
		os.Exit(m.Run())
	}
}

// A logWriter writes lines to the test's log.
type logWriter struct{ testing.TB }

func (w logWriter) Write(p []byte) (int, error) {
	w.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func TestCopiesSurvive(t *testing.T) {
	r := run{copier: ours, limit: 2 * time.Second, log: logWriter{t}}
	require.NoError(t, r.all())
	require.False(t, r.died(), r.stderr)
	t.Log(r.summary())
	assert.Positive(t, r.total.copies)
	assert.Positive(t, r.total.collections)
}

// TestTwinDies checks that the stress sees what it looks for.
func TestTwinDies(t *testing.T) {
	r := run{copier: bytesTwin, limit: 30 * time.Second, log: logWriter{t}}
	require.NoError(t, r.all())
	t.Log(r.summary())
	if !r.died() {
		t.Skip("the copier without write barriers was lucky for 30 s: on this machine the stress shows nothing")
	}
}

// TestTwinLivesWithoutMarking checks that write barriers are all that the twin lacks: with a collector that stops the
// world to mark, which needs none, it does no harm. So the stress kills it for the right reason.
func TestTwinLivesWithoutMarking(t *testing.T) {
	r := run{copier: bytesTwin, log: logWriter{t}}
	r.start()
	p := phase{Env: []string{"GODEBUG=clobberfree=1,gcstoptheworld=1"}, Collectors: 1, Copier: bytesTwin, For: time.Second}
	require.NoError(t, r.child(p))
	require.False(t, r.died(), r.stderr)
	t.Log(r.summary())
}

// TestFingerprints checks that a fingerprint tells content and sharing apart, and is the same for a copy.
func TestFingerprints(t *testing.T) {
	one, two := node{Text: text(1)}, node{Text: text(1)}
	assert.Equal(t, fingerprint(&[]*node{&one, &one}), fingerprint(&[]*node{&two, &two}))
	assert.NotEqual(t, fingerprint(&[]*node{&one, &one}), fingerprint(&[]*node{&one, &two}), "who is shared")
	assert.Equal(t, fingerprint(makeMaps()), fingerprint(makeMaps()), "the order of entries")
	m := makeSyncMap()
	before := fingerprint(m)
	assert.Equal(t, before, fingerprint(deepCopy(m)))
	m.Store(text(3), "changed")
	assert.NotEqual(t, before, fingerprint(m))
	a := makeAtomics()
	before = fingerprint(a)
	a.Text.Store(new(string))
	assert.NotEqual(t, before, fingerprint(a))
}
