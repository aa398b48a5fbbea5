// The command gcstress shows that copying is safe for the garbage collector.
//
//	go run ./internal/deep/gcstress -for 10m
//	go run ./internal/deep/gcstress -twin bytes
//
// A copier that writes a pointer without the collector's knowledge makes no mistake that a test of its results would
// see. But if the collector is marking at that moment, it may take memory that is in use for garbage, and what happens
// then happens later and elsewhere: text changes, or the program dies with "found bad pointer in Go heap".
//
// So this command makes it happen, if it can: many goroutines replace values of many shapes by their copies, over and
// over, and check each copy's content, while the collector runs all the time. It does so in child processes with
// settings of the runtime under which a mistake shows at once:
//
//   - clobberfree=1 overwrites memory when it is freed, so that a pointer to it no longer finds what it did;
//   - gccheckmark=1 stops the world after each marking and marks once more: what is found then and was not before ends
//     the process;
//   - GOGC=1 lets the program's own allocations start the collector, at other moments than calls do, and makes it
//     help with the marking; and with more threads than processors a goroutine may stop anywhere.
//
// To see that the stress can see, -twin bytes runs a copier that is wrong in just this way. It dies in a fraction of a
// second. With a collector that stops the world instead of marking beside the program it lives, and so does what it
// copies: nothing else is wrong with it.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if beChild() {
		return
	}
	limit := flag.Duration("for", time.Minute, "how long to run in all")
	twin := flag.String("twin", "", `"bytes": run the copier that is wrong, and expect it to die`)
	flag.Parse()
	copier := copierKind(*twin)
	if copier != ours && copier != bytesTwin {
		fmt.Fprintf(os.Stderr, "unknown twin %q; there is one, bytes\n", *twin)
		os.Exit(2)
	}
	r := run{copier: copier, limit: *limit, log: os.Stdout}
	if err := r.all(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Println(r.summary())
	if r.died() != (copier == bytesTwin) {
		fmt.Fprint(os.Stderr, r.stderr)
		os.Exit(1)
	}
}
