package report

import (
	"io"
	"math"
	"strings"

	"github.com/hooktx/hooks/bench/suite"
)

var chainAxis = axis{0.02, 50, []float64{0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50}}

const peerColor = "#8c959f"

// Chart draws CPU time as ratio to the textbook: one row a runner, a bar for the middle length of chain, and marks for
// the first and the last.
func (c *Chains) Chart(w io.Writer) error {
	rows := c.rows()
	height := plotTop + len(rows)*rowHeight + footHeight
	bottom := float64(plotTop + len(rows)*rowHeight)
	v := newCanvas(chartWidth, height, "A chain of hooks, CPU time as ratio to the textbook loop")
	v.rect(0, 0, chartWidth, float64(height), "#ffffff", 12)
	v.text(28, 40, "A chain of trivial hooks, CPU time ÷ textbook loop", style{size: 20, weight: 600, color: inkStrong})
	v.text(28, 62, "logarithmic; further left is faster; 1 is a goroutine, a timeout, a channel and a select for each hook",
		style{size: 13, color: inkSoft})
	first, middle, last := c.Lengths[0], c.Lengths[len(c.Lengths)/2], c.Lengths[len(c.Lengths)-1]
	c.legend(v, first, middle, last)
	for i, row := range rows {
		if i%2 == 0 {
			v.rect(16, float64(plotTop+i*rowHeight), chartWidth-32, rowHeight, stripe, 4)
		}
		label := style{size: 12.5, color: inkStrong}
		if row.Impl == suite.Hooks {
			label.weight = 600
		}
		v.text(28, rowMiddle(i)+4.5, shorten(strings.Trim(row.Title, "*"), 50), label)
	}
	chainAxis.draw(v, bottom)
	for i, row := range rows {
		c.bar(v, row, middle, rowMiddle(i))
		color := rowColor(row)
		if cell := c.at(row.Impl, first); drawn(cell) {
			v.tick(chainAxis.at(cell.Ratio), rowMiddle(i), color, true)
		}
		if cell := c.at(row.Impl, last); drawn(cell) {
			v.tick(chainAxis.at(cell.Ratio), rowMiddle(i), color, false)
		}
	}
	if len(c.Header) > 1 {
		v.text(28, bottom+50, c.Header[0]+", "+c.Header[1]+". Medians of interleaved rounds, garbage collection included.",
			style{size: 11.5, color: inkSoft})
	}
	return v.writeTo(w)
}

func (c *Chains) legend(v *canvas, first, middle, last int) {
	const y = 100.0
	text := style{size: 12.5, color: inkStrong}
	v.rect(28, y-9, 26, 10, oursColor, 3)
	v.text(61, y, "hooks", style{size: 13, weight: 600, color: oursColor})
	v.rect(116, y-9, 26, 10, peerColor, 3)
	v.text(149, y, "others, n = "+number1(float64(middle)), text)
	v.tick(268, y-4, inkStrong, true)
	v.text(276, y, "n = "+number1(float64(first)), text)
	v.tick(338, y-4, inkStrong, false)
	v.text(346, y, "n = "+number1(float64(last)), text)
	v.text(chartWidth-34, plotTop-10, "n = "+number1(float64(middle)), style{size: 12, weight: 600, color: inkSoft, anchor: "end"})
}

// bar draws a row's ratio from 1 on, and says it at the end.
func (c *Chains) bar(v *canvas, row Row, n int, y float64) {
	figure := style{size: 13, color: inkStrong, anchor: "end"}
	if row.Ours {
		figure.weight, figure.color = 600, oursColor
	}
	cell := c.at(row.Impl, n)
	if !drawn(cell) {
		v.text(chartWidth-34, y+4.5, "–", figure)
		return
	}
	from, to := chainAxis.at(1), chainAxis.at(cell.Ratio)
	v.rect(min(from, to)-1.5, y-5, math.Abs(to-from)+3, 10, rowColor(row), 3)
	v.text(chartWidth-34, y+4.5, Number(cell.Ratio), figure)
}

func rowColor(row Row) string {
	if row.Ours {
		return oursColor
	}
	return peerColor
}
