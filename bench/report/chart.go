package report

import (
	"io"
	"math"

	"github.com/hooktx/hooks/bench/record"
	"github.com/hooktx/hooks/bench/suite"
)

// The chart's measures, in pixels.
const (
	chartWidth = 1060
	plotLeft   = 350              // where names end and the axis begins
	plotRight  = chartWidth - 100 // and where figures begin
	plotTop    = 150
	rowHeight  = 30
	footHeight = 74
)

// An axis is logarithmic and runs over ratios.
type axis struct {
	min, max float64
	marks    []float64
}

var copyAxis = axis{0.1, 2000, []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}}

const (
	inkStrong = "#1f2328"
	inkSoft   = "#656d76"
	gridLine  = "#e4e8ec"
	stripe    = "#f6f8fa"
	oursColor = "#0a7d4f"
)

// A mark is how the chart draws one implementation.
type mark struct{ impl, label, color string }

// peerMarks lists thin marks in the order of the legend. Colours keep their distance for most kinds of colour vision.
var peerMarks = []mark{
	{suite.HandModern, "hand, maps.Clone", "#8c959f"},
	{"go-clone", "go-clone", "#cf222e"},
	{"tiendc", "tiendc", "#0969da"},
	{"brunoga", "brunoga", "#8250df"},
	{"mohae", "mohae", "#bf8700"},
	{"copier", "copier", "#e16f24"},
	{"copystructure", "copystructure", "#1b7c83"},
	{"json", "json", "#57606a"},
	{"gob", "gob", "#bf3989"},
}

// Chart draws copying as ratio to hand-written code: one row a shape, on a logarithmic axis.
func Chart(w io.Writer, r *Results) error {
	shapes := r.Shapes(suite.Copy)
	height := plotTop + len(shapes)*rowHeight + footHeight
	c := newCanvas(chartWidth, height, "Deep copies, CPU time as ratio to hand-written code")
	c.rect(0, 0, chartWidth, float64(height), "#ffffff", 12)
	c.text(28, 40, "Deep copies, CPU time ÷ hand-written code", style{size: 20, weight: 600, color: inkStrong})
	c.text(28, 62, "logarithmic; further left is faster; 1 is what one would write by hand for that very type",
		style{size: 13, color: inkSoft})
	legend(c)
	bottom := float64(plotTop + len(shapes)*rowHeight)
	for i, s := range shapes {
		if i%2 == 0 {
			c.rect(16, float64(plotTop+i*rowHeight), chartWidth-32, rowHeight, stripe, 4)
		}
		c.text(28, rowMiddle(i)+4.5, s.Key, style{size: 13, weight: 600, color: inkStrong})
		c.text(48, rowMiddle(i)+4.5, shorten(s.Name, 46), style{size: 12.5, color: inkStrong})
	}
	copyAxis.draw(c, bottom)
	c.text(chartWidth-34, plotTop-10, "hooks", style{size: 12, weight: 600, color: oursColor, anchor: "end"})
	for i, s := range shapes {
		row(c, r, s.Key, rowMiddle(i))
	}
	foot(c, r, bottom)
	return c.writeTo(w)
}

func rowMiddle(i int) float64 { return plotTop + (float64(i)+0.5)*rowHeight }

// at is where a ratio lies.
func (a axis) at(ratio float64) float64 {
	at := math.Log(min(max(ratio, a.min), a.max)/a.min) / math.Log(a.max/a.min)
	return plotLeft + at*(plotRight-plotLeft)
}

func legend(c *canvas) {
	x, y := 28.0, 96.0
	c.rect(x, y-9, 26, 10, oursColor, 3)
	c.text(x+33, y, "hooks", style{size: 13, weight: 600, color: oursColor})
	c.diamond(x+93, y-4, 5, "#ffffff", oursColor)
	c.text(x+104, y, "hooks, measured", style{size: 12.5, color: oursColor})
	x += 230
	for _, m := range peerMarks {
		width := 24 + 7*float64(len(m.label))
		if x+width > chartWidth-20 {
			x, y = 258, y+22
		}
		c.rect(x, y-10, 3.5, 13, m.color, 1.5)
		c.text(x+9, y, m.label, style{size: 12.5, color: inkStrong})
		x += width
	}
}

// draw draws the grid and its labels, from the top of the plot to its bottom.
func (a axis) draw(c *canvas, bottom float64) {
	for _, v := range a.marks {
		color, width := gridLine, 1.0
		if v == 1 {
			color, width = inkStrong, 1.5
		}
		c.line(a.at(v), plotTop-4, a.at(v), bottom+4, color, width)
		label := style{size: 11.5, color: inkSoft, anchor: "middle"}
		if v == 1 {
			label.weight, label.color = 600, inkStrong
		}
		c.text(a.at(v), bottom+20, number1(v), label)
		c.text(a.at(v), plotTop-10, number1(v), label)
	}
}

// row draws one shape: ours as a bar from hand-written on, with its figure at the end, the others as thin marks.
func row(c *canvas, r *Results, shape string, y float64) {
	figure := style{size: 13, weight: 600, color: oursColor, anchor: "end"}
	ours := r.Cell(suite.Copy, shape, suite.Hooks)
	if drawn(ours) && ours.Status == record.OK {
		from, to := copyAxis.at(1), copyAxis.at(ours.Ratio)
		c.rect(min(from, to)-1.5, y-5, math.Abs(to-from)+3, 10, oursColor, 3)
		c.text(chartWidth-34, y+4.5, Number(ours.Ratio), figure)
	} else {
		c.text(chartWidth-34, y+4.5, "–", figure)
	}
	for _, m := range peerMarks {
		if cell := r.Cell(suite.Copy, shape, m.impl); drawn(cell) {
			c.tick(copyAxis.at(cell.Ratio), y, m.color, cell.Status != record.OK)
		}
	}
	if m := r.Cell(suite.Copy, shape, "hooks-measured"); drawn(m) && m.Status == record.OK {
		c.diamond(copyAxis.at(m.Ratio), y, 5, "#ffffff", oursColor)
	}
}

func drawn(cell *Cell) bool { return cell != nil && cell.Timed }

func foot(c *canvas, r *Results, bottom float64) {
	note := style{size: 11.5, color: inkSoft}
	c.text(28, bottom+44, "A hollow mark is a copy that is wrong or a library that does not always survive the shape; "+
		"no mark: not supported, or the process dies.", note)
	if len(r.Header) > 1 {
		c.text(28, bottom+61, r.Header[0]+", "+r.Header[1]+". Medians of interleaved rounds, garbage collection included.", note)
	}
}
