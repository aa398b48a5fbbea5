package measure

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// A child is a process of this same program that carries orders out.
type child struct {
	cmd     *exec.Cmd
	orders  io.WriteCloser
	answers chan string // closed when the process ends
	last    tail
}

// start begins a child.
func start(cond Conditions) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(self, "-worker", "-slice", cond.Slice.String(), "-ballast", strconv.Itoa(cond.Ballast)), answers: make(chan string)}
	c.cmd.Stderr = &c.last
	if c.orders, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(c.answers)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			c.answers <- lines.Text()
		}
	}()
	return c, c.cmd.Start()
}

// An endError says that a child ended, or was ended, before it answered.
type endError struct {
	hang   bool
	reason string
}

func (e *endError) Error() string { return e.reason }

// order gives an order and waits for the answer, no longer than limit. After an error the child is gone.
func (c *child) order(line string, limit time.Duration) (string, error) {
	if _, err := fmt.Fprintln(c.orders, line); err == nil {
		select {
		case answer, ok := <-c.answers:
			if ok {
				return answer, nil
			}
		case <-time.After(limit):
			c.end()
			return "", &endError{true, fmt.Sprintf("no end within %v", limit)}
		}
	}
	c.end()
	return "", &endError{false, c.last.reason()}
}

// end ends the child and waits for it.
func (c *child) end() {
	_ = c.cmd.Process.Kill() // or it has ended already
	for range c.answers {    // until its reader is done
		continue
	}
	_ = c.cmd.Wait() // it was killed: that is no news
}

// A tail keeps the beginning of what a process says when it dies: the reason comes first, the stacks after.
type tail struct{ buf bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	if room := 4096 - t.buf.Len(); room > 0 {
		t.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// reason is the line that says why.
func (t *tail) reason() string {
	for line := range strings.Lines(t.buf.String()) {
		for _, sign := range []string{"fatal error: ", "panic: ", "runtime: goroutine stack exceeds", "SIG"} {
			if strings.HasPrefix(line, sign) {
				return short(strings.TrimPrefix(line, "fatal error: "))
			}
		}
	}
	return "ended without a word"
}
