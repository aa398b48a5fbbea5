package nemesis

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var chains = flag.Int("chains", 0, "how many chains TestNemesis plays; 0: a few, always the same ones")

const (
	fewChains = 6_000
	fixedSeed = 20260101
	batch     = 50_000 // chains under one seed
	sayEvery  = 5 * time.Second
)

// TestNemesis plays chains and compares them with the model. The few that it plays if it is not
// told otherwise must show every kind of thing that it knows of.
func TestNemesis(t *testing.T) {
	n := &nemesis{T: t, begun: time.Now(), wanted: *chains}
	if seed := flag.Lookup("rapid.seed").Value.String(); seed != "0" {
		n.batch(seed, max(1, *chains))
		return
	}
	if *chains == 0 {
		n.batch(strconv.Itoa(fixedSeed), fewChains)
		n.requireAll()
		return
	}
	for n.played < *chains {
		seed := strconv.FormatUint(rand.Uint64()|1, 10)
		fmt.Printf("seed %s\n", seed)
		n.batch(seed, min(batch, *chains-n.played))
	}
	n.say()
}

// A nemesis is a run of TestNemesis.
type nemesis struct {
	*testing.T
	tally
	wanted, played int
	begun, said    time.Time
}

// batch plays so many chains.
func (n *nemesis) batch(seed string, size int) {
	n.Helper()
	for name, value := range map[string]string{"rapid.seed": seed, "rapid.checks": strconv.Itoa(size), "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			n.Fatal(err)
		}
	}
	rapid.Check(quiet{n.T}, n.check)
}

func (n *nemesis) check(rt *rapid.T) {
	p := draw(rt)
	got, want, wrong, tie := p.compare(n.T)
	if tie {
		rt.SkipNow()
	}
	if !reflect.DeepEqual(got, want) {
		wrong = append(wrong, "The chain did not do what the model says (-want +got):", gocmp.Diff(want, got))
	}
	if len(wrong) > 0 {
		rt.Fatalf("%s\n%s", p, strings.Join(wrong, "\n"))
	}
	n.count(p, &want)
	if n.played++; n.wanted > 0 && time.Since(n.said) > sayEvery {
		n.say()
	}
}

// say says how far it has got.
func (n *nemesis) say() {
	n.said = time.Now()
	rate := float64(n.played) / time.Since(n.begun).Seconds()
	fmt.Printf("%d of %d chains, %.0f a second: %s\n", n.played, n.wanted, rate, n.shares(n.played))
}

// compare plays a plan and predicts it.
func (p *plan) compare(t *testing.T) (got, want seen, wrong []string, tie bool) {
	got, wrong, gone := p.play(t)
	want, tie = predict(p, func(leaf, start int) bool { return gone[leaf]&(1<<start) != 0 })
	want.count(p)
	if p.trace == absent { // nobody is told of what is undone late
		want.LateUndone = nil
	}
	got.sort(p)
	want.sort(p)
	return got, want, wrong, tie
}

// A quiet test does not say what was drawn.
type quiet struct{ *testing.T }

func (q quiet) Logf(format string, args ...any) {
	if !strings.HasPrefix(format, "[rapid]") {
		q.T.Logf(format, args...)
	}
}

// The model is worth something only if it can be read in one sitting.
func TestTheModelIsShort(t *testing.T) {
	text, err := os.ReadFile("model_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Count(string(text), "\n"), 300; got > want {
		t.Errorf("model_test.go has %d lines, want at most %d", got, want)
	}
}
