// Command bench compares the deep-copy engine of hooks with copies written by hand and with other libraries.
package main

import (
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/hooktx/hooks/bench/measure"
	"github.com/hooktx/hooks/bench/peers"
	"github.com/hooktx/hooks/bench/report"
	"github.com/hooktx/hooks/bench/session"
	"github.com/hooktx/hooks/bench/suite"
)

func main() {
	s := session.Session{Name: "copy", Sources: suite.Sources(), Modules: modules()}
	s.Ballast = 32 << 20
	s.Flags(flag.CommandLine)
	shapes := flag.String("shapes", "", "letters of the shapes to measure, such as abf; all if empty")
	impls := flag.String("impls", "", "implementations to measure beside the base, such as hooks,tiendc; all if empty")
	s.Main(func() error { return compare(&s, *shapes, *impls) })
}

// compare measures the shapes and implementations, and makes table and chart.
func compare(s *session.Session, shapes, impls string) error {
	plan := measure.Plan{Kinds: []suite.Kind{suite.Copy, suite.Equal, suite.Diff}}
	for _, src := range s.Sources {
		if shapes == "" || strings.Contains(shapes, src.Key) {
			plan.Shapes = append(plan.Shapes, src)
		}
	}
	if impls != "" {
		plan.Impls = strings.Split(impls, ",")
	}
	var remarks []string
	if shapes != "" || impls != "" {
		remarks = append(remarks, fmt.Sprintf("only shapes %q, implementations %q", shapes, impls))
	}
	log, err := s.Log(func(line session.Line) error { return s.Run(plan, line) }, remarks...)
	if err != nil {
		return err
	}
	results := report.Sum(log)
	if err := s.Write("copy.md", func(w io.Writer) error { return report.Markdown(w, results) }); err != nil {
		return err
	}
	return s.Write("copy.svg", func(w io.Writer) error { return report.Chart(w, results) })
}

// modules lists the libraries compared.
func modules() []string {
	out := []string{"github.com/google/go-cmp", "google.golang.org/protobuf"}
	for _, p := range peers.All {
		out = append(out, p.Module)
	}
	return out
}
