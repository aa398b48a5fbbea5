package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestEveryTrialFindsFault runs copies that are wrong on purpose.
func TestEveryTrialFindsFault(t *testing.T) {
	for _, tr := range trials() {
		good := 0
		for _, control := range []string{shallow, nothing} {
			if judge(func() error { return tr.run(control) }).status == "ok" {
				good++
			}
		}
		assert.Less(t, good, 2, "%s: finds no fault with a shallow copy nor with nothing", tr.name)
	}
}

// TestOurs runs every trial with the engine, in this process.
func TestOurs(t *testing.T) {
	for _, tr := range trials() {
		t.Run(tr.name, func(t *testing.T) {
			o := judge(func() error { return tr.run("hooks") })
			if tr.refusable && o.status == "error" {
				return
			}
			assert.Equal(t, outcome{status: "ok"}, o)
		})
	}
}
