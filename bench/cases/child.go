package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// An outcome is how one library did in one trial.
type outcome struct {
	status string // ok, wrong, panic, died, hang, error
	reason string
}

func (o outcome) String() string {
	if o.reason == "" {
		return o.status
	}
	return o.status + ": " + o.reason
}

// judge runs fn, as a child does, and says how it went.
func judge(fn func() error) (o outcome) {
	defer func() {
		if p := recover(); p != nil {
			o = outcome{"panic", firstLine(fmt.Sprint(p))}
		}
	}()
	err := fn()
	var own *libraryError
	switch {
	case err == nil:
		return outcome{status: "ok"}
	case errors.As(err, &own):
		return outcome{"error", firstLine(own.Error())}
	}
	return outcome{"wrong", firstLine(err.Error())}
}

// spawn runs this program again with args, and says how it ended. That it does not end is a way to end too.
func spawn(limit time.Duration, args ...string) outcome {
	self, err := os.Executable()
	if err != nil {
		return outcome{"error", err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return outcome{"hang", fmt.Sprintf("no end within %v", limit)}
	case err != nil:
		return outcome{"died", deathReason(said.String())}
	}
	status, reason, _ := strings.Cut(strings.TrimSpace(out.String()), ": ")
	return outcome{status, reason}
}

// deathReason is the line in which the runtime says why it ended the process.
func deathReason(text string) string {
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "runtime: goroutine stack exceeds"):
			return "stack overflow"
		case strings.HasPrefix(line, "fatal error: "), strings.HasPrefix(line, "panic: "), strings.HasPrefix(line, "SIG"):
			return firstLine(strings.TrimPrefix(line, "fatal error: "))
		}
	}
	return "without a word"
}

func firstLine(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if r := []rune(text); len(r) > 60 {
		text = string(r[:60]) + "…"
	}
	return text
}
