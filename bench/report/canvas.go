package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
)

// A canvas writes SVG elements.
type canvas struct{ buf bytes.Buffer }

// A style is how text looks. Zero values are the renderer's.
type style struct {
	size   float64
	weight int
	color  string
	anchor string // start, middle or end
}

func newCanvas(width, height int, title string) *canvas {
	c := &canvas{}
	c.add(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" `+
		`font-family="-apple-system, 'Segoe UI', Helvetica, Arial, sans-serif">`, width, height, width, height)
	c.add(`<title>%s</title>`, title)
	return c
}

func (c *canvas) add(format string, args ...any) { _, _ = fmt.Fprintf(&c.buf, format+"\n", args...) }

func (c *canvas) writeTo(w io.Writer) error {
	c.add(`</svg>`)
	_, err := w.Write(c.buf.Bytes())
	return err
}

func (c *canvas) rect(x, y, width, height float64, fill string, radius float64) {
	c.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%.1f" fill="%s"/>`, x, y, width, height, radius, fill)
}

func (c *canvas) line(x1, y1, x2, y2 float64, color string, width float64) {
	c.add(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%.1f"/>`, x1, y1, x2, y2, color, width)
}

func (c *canvas) text(x, y float64, text string, s style) {
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(text)) // a buffer takes everything
	more := ""
	if s.weight > 0 {
		more += fmt.Sprintf(` font-weight="%d"`, s.weight)
	}
	if s.anchor != "" {
		more += fmt.Sprintf(` text-anchor="%s"`, s.anchor)
	}
	c.add(`<text x="%.1f" y="%.1f" font-size="%.1f" fill="%s"%s>%s</text>`, x, y, s.size, s.color, more, escaped.String())
}

// tick is a thin upright mark around y; a hollow one is paler and has no inside.
func (c *canvas) tick(x, y float64, color string, hollow bool) {
	fill := color
	if hollow {
		fill = "#ffffff"
	}
	c.add(`<rect x="%.1f" y="%.1f" width="3.5" height="16" rx="1.7" fill="%s" stroke="%s" stroke-width="1"/>`,
		x-1.75, y-8, fill, color)
}

func (c *canvas) diamond(x, y, r float64, fill, stroke string) {
	c.add(`<path d="M%.1f %.1f l%.1f %.1f l%.1f %.1f l%.1f %.1f z" fill="%s" stroke="%s" stroke-width="1.6"/>`,
		x, y-r, r, r, -r, r, -r, -r, fill, stroke)
}

// number1 shows an axis label.
func number1(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// shorten cuts text to n characters.
func shorten(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return text
}
