// Command cases runs everything that a deep copy can get wrong, with the engine of hooks and with other libraries, each
// case and library in a process of its own, and writes a table.
package main

import (
	"encoding/gob"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hooktx/hooks/bench/peers"
)

type flags struct {
	out    string
	quick  bool
	runs   int
	length time.Duration
	limit  time.Duration

	library string // of a child
	trial   int    // of a child; gcTrial is the collector's
}

const gcTrial = -1

func main() {
	var f flags
	flag.StringVar(&f.out, "out", "results", "directory for cases.md")
	flag.BoolVar(&f.quick, "quick", false, "one run of one second beside the garbage collector")
	flag.IntVar(&f.runs, "runs", 6, "runs beside the garbage collector")
	flag.DurationVar(&f.length, "length", 4*time.Second, "how long such a run takes")
	flag.DurationVar(&f.limit, "limit", 20*time.Second, "how long a case may take")
	flag.StringVar(&f.library, "library", "", "run one case with this library, as this program's child")
	flag.IntVar(&f.trial, "case", 0, "which case that is")
	flag.Parse()
	if f.quick {
		f.runs, f.length = 1, time.Second
	}
	if f.library != "" {
		fmt.Println(f.child())
		return
	}
	if err := f.parent(); err != nil {
		fmt.Fprintln(os.Stderr, "cases:", err)
		os.Exit(1)
	}
}

// child runs one case.
func (f *flags) child() outcome {
	gob.Register(&node{}) // gob must know what interfaces hold
	gob.Register(map[string]any{})
	gob.Register([]any{})
	gob.Register([]int{})
	if f.trial == gcTrial {
		return judge(func() error { return survive(f.library, f.length) })
	}
	t := trials()[f.trial]
	o := judge(func() error { return t.run(f.library) })
	if t.refusable && o.status == "error" {
		o = outcome{"ok", "refused"}
	}
	return o
}

// libraries are those that differ in what they guarantee.
func libraries() (list []peers.Peer) {
	for _, p := range peers.All {
		if p.Key != "hooks-measured" {
			list = append(list, p)
		}
	}
	return list
}

func (f *flags) parent() error {
	table := newTable(libraries())
	for i, t := range trials() {
		fmt.Println(t.name)
		row := table.row(t)
		for _, p := range table.libraries {
			row.add(spawn(f.limit, "-library", p.Key, "-case", strconv.Itoa(i)))
		}
	}
	f.beside(table)
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return err
	}
	name := filepath.Join(f.out, "cases.md")
	fmt.Println("writing", name)
	return os.WriteFile(name, []byte(table.markdown()), 0o644)
}

// beside runs every library beside the garbage collector, several times.
func (f *flags) beside(table *table) {
	row := table.row(trial{
		name: fmt.Sprintf("`s = Clone(s)` for %v beside the garbage collector, %d runs", f.length, f.runs),
		want: "no run that dies or whose content changes",
	})
	for _, p := range table.libraries {
		fmt.Println("beside the garbage collector:", p.Key)
		row.add(f.repeat(p.Key))
	}
}

func (f *flags) repeat(library string) outcome {
	bad, reasons := 0, []string{}
	for range f.runs {
		o := spawn(f.limit+f.length, "-library", library, "-case", strconv.Itoa(gcTrial), "-length", f.length.String())
		if o.status == "error" {
			return o
		}
		if o.status != "ok" {
			bad++
			reasons = append(reasons, o.String())
		}
	}
	if bad == 0 {
		return outcome{"ok", fmt.Sprintf("0 of %d", f.runs)}
	}
	return outcome{"wrong", fmt.Sprintf("%d of %d (%s)", bad, f.runs, strings.Join(distinct(reasons), "; "))}
}

func distinct(list []string) (out []string) {
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			out = append(out, s)
		}
		seen[s] = true
	}
	return out
}
