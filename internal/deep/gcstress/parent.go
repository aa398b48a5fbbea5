package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// A phase says how a child is run.
type phase struct {
	Env        []string      // settings of the runtime
	Collectors int           // goroutines that do nothing but collect garbage
	Copier     copierKind    // filled in for each run
	For        time.Duration // likewise
}

// phases are run in turn.
var phases = []phase{
	{Env: []string{"GODEBUG=clobberfree=1"}, Collectors: 2},
	{Env: []string{"GODEBUG=gccheckmark=1"}, Collectors: 1},
	{Env: []string{"GODEBUG=clobberfree=1", "GOGC=1"}},
	{Env: []string{"GODEBUG=clobberfree=1,gccheckmark=1", "GOMAXPROCS=4"}, Collectors: 2},
	{Env: []string{"GODEBUG=gccheckmark=1", "GOGC=1", "GOMAXPROCS=4"}, Collectors: 1},
}

// A run is a sequence of children, until the time is up or one has died.
type run struct {
	copier copierKind
	limit  time.Duration
	log    io.Writer // for progress

	began, shown time.Time
	total        tally    // of the children that have ended
	settings     []string // what they ran with
	now          string   // what the last one ran with
	stderr       string   // of the one that died
	lived        time.Duration
}

// A tally is what a child has done so far.
type tally struct{ copies, collections int64 }

// progressEvery is how often a run says that it goes on.
const progressEvery = 10 * time.Second

// turn is how long one child runs, at most.
const turn = 30 * time.Second

// all runs children for as long as the run may last. The error is none of theirs.
func (r *run) all() error {
	r.start()
	slice := min(turn, r.limit/time.Duration(len(phases)))
	for i := 0; !r.died() && time.Since(r.began) < r.limit; i++ {
		p := phases[i%len(phases)]
		p.Copier, p.For = r.copier, min(slice, r.limit-time.Since(r.began))
		if err := r.child(p); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) start() {
	r.began = time.Now()
	r.shown = r.began
}

// died reports whether a child has.
func (r *run) died() bool { return r.stderr != "" }

// summary is one line about the whole run.
func (r *run) summary() string {
	if r.died() {
		first, _, _ := strings.Cut(r.stderr, "\n")
		return fmt.Sprintf("died after %.1f s: %s (%s)", r.lived.Seconds(), first, r.now)
	}
	return fmt.Sprintf("alive after %.0f s: %d copies, %d collections, with %s", time.Since(r.began).Seconds(),
		r.total.copies, r.total.collections, strings.Join(r.settings, "; "))
}

// child runs one child to its end.
func (r *run) child(p phase) error {
	if r.now = strings.Join(p.Env, " "); !slices.Contains(r.settings, r.now) {
		r.settings = append(r.settings, r.now)
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.For+patience)
	defer cancel()
	cmd, err := p.command(ctx)
	if err != nil {
		return err
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	r.follow(out)
	return r.judge(cmd.Wait(), stderr.String(), time.Since(start))
}

// patience is how much longer than it should a child may take before it counts as dead.
const patience = time.Minute

// judge notes how a child ended.
func (r *run) judge(err error, stderr string, after time.Duration) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	r.stderr, r.lived = stderr, after
	if stderr == "" {
		r.stderr = exit.Error() + ", without a word"
	}
	return nil
}

// follow reads the tallies that a child prints, and says every now and then how far the run is.
func (r *run) follow(out io.Reader) {
	var now tally
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, err := fmt.Sscan(lines.Text(), &now.copies, &now.collections); err != nil {
			continue
		}
		if time.Since(r.shown) >= progressEvery {
			r.shown = time.Now()
			_, _ = fmt.Fprintf(r.log, "%4.0f s: %d copies, %d collections, now with %s\n", time.Since(r.began).Seconds(),
				r.total.copies+now.copies, r.total.collections+now.collections, r.now)
		}
	}
	r.total.copies += now.copies
	r.total.collections += now.collections
}

// childVar is the environment variable that makes a process a child: its phase as JSON.
const childVar = "GCSTRESS_PHASE"

// command is this program once more, as a child.
func (p phase) command(ctx context.Context) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = slices.Concat(os.Environ(), p.Env, []string{childVar + "=" + string(text)})
	return cmd, nil
}

// beChild does a child's work if this process is one, and reports whether it is.
func beChild() bool {
	text, ok := os.LookupEnv(childVar)
	if !ok {
		return false
	}
	var p phase
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		panic(err)
	}
	stressFor(p)
	return true
}
