package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/hooktx/hooks/bench/peers"
)

// header says how and on what was measured.
func header(f *flags) []string {
	lines := []string{
		fmt.Sprintf("%s %s/%s, GOMAXPROCS %d", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0)),
		"CPU: " + cpuModel(),
		fmt.Sprintf("rounds: %d, slice: %v, ballast: %d MiB, seed: %d", f.rounds, f.Slice, f.Ballast>>20, f.seed),
	}
	if f.shapes != "" || f.impls != "" {
		lines = append(lines, fmt.Sprintf("only shapes %q, implementations %q", f.shapes, f.impls))
	}
	return append(lines, versions()...)
}

// cpuModel is the processor's name for itself.
func cpuModel() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(info)) {
		if key, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return "unknown"
}

// versions lists the libraries compared, as they were linked.
func versions() (lines []string) {
	wanted := map[string]bool{"github.com/google/go-cmp": true, "google.golang.org/protobuf": true}
	for _, p := range peers.All {
		wanted[p.Module] = true
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, m := range info.Deps {
		if wanted[m.Path] {
			lines = append(lines, m.Path+" "+m.Version)
		}
	}
	return lines
}
