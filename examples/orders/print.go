package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// width is how long a line of output may get, in characters.
const width = 100

// margin is the part of an order's line before the text.
const margin = 7 + 1 + 10 + 1 + 15 + 2

// A printer prints whole lines. It is safe for concurrent use.
type printer struct {
	mu sync.Mutex
	w  io.Writer
}

func (p *printer) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintf(p.w, format, args...) // whoever closed our output does not want it
}

// order prints the line of an order that has come to its end.
func (p *printer) order(r *record) {
	outcome, reason, rest := r.what()
	amount := r.total.String()
	switch {
	case !r.committed && r.failedIn == "":
		amount = "-" // nothing ran
	case !r.committed:
		amount = "in " + r.failedIn
	}
	if rest != "" {
		rest = "; " + rest
	}
	room := width - margin - utf8.RuneCountInString(rest)
	p.printf("%-7s %-10s %15s  %s%s\n", r.order.ID, outcome, amount, cut(reason, room), rest)
}

// late prints what is done for an order after its end.
func (p *printer) late(order, text string) {
	p.printf("%-7s %-10s %15s  %s\n", order, "└ late", "", cut(text, width-margin))
}

// title prints a heading.
func (p *printer) title(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	p.printf("\n%s %s\n", text, strings.Repeat("─", max(0, width-1-utf8.RuneCountInString(text))))
}

// paragraph prints text after a label, wrapped.
func (p *printer) paragraph(label, text string) {
	const indent = 13
	var b strings.Builder
	room := width - indent
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		if b.Len() > 0 && room <= n {
			b.WriteString("\n" + strings.Repeat(" ", indent))
			room = width - indent
		} else if b.Len() > 0 {
			b.WriteByte(' ')
			room--
		}
		b.WriteString(word)
		room -= n
	}
	p.printf("  %-11s%s\n", label, b.String())
}

// cut shortens text to n characters, but at least one, and to one line.
func cut(text string, n int) string {
	text, n = strings.ReplaceAll(text, "\n", " "), max(n, 1)
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}
