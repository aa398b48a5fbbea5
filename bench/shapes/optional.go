package shapes

import (
	"fmt"
	"strings"
	"time"
)

// A Patch is an update of which every field is optional, as generated API clients have them.
type Patch struct {
	S0, S1, S2, S3, S4, S5 *string
	I0, I1, I2, I3, I4, I5 *int
	F0, F1, F2, F3, F4, F5 *float64
	B0, B1, B2, B3, B4, B5 *bool
	T0, T1, T2, T3, T4, T5 *time.Time
}

// Optional has thirty pointers to small values; two of three are set.
var Optional = Shape[Patch]{
	Key: "k", Name: "30 optional pointers, 2/3 set",
	Make: makePatch, Hand: copyPatch,
}

func makePatch() *Patch {
	at := func(day int) *time.Time { return ptr(time.Date(2025, 1, day, 12, 0, 0, 0, time.UTC)) }
	text := func(i int) *string { return ptr(strings.Repeat("x", i) + fmt.Sprint(i)) }
	return &Patch{
		S0: text(0), S1: text(1), S3: text(3), S4: text(4),
		I0: ptr(10), I2: ptr(12), I3: ptr(13), I5: ptr(15),
		F1: ptr(1.25), F2: ptr(2.5), F4: ptr(5.0), F5: ptr(1e-9),
		B0: ptr(true), B1: ptr(false), B3: ptr(true), B4: ptr(false),
		T0: at(1), T2: at(2), T3: at(3), T5: at(5),
	}
}

func copyPatch(in *Patch) *Patch {
	if in == nil {
		return nil
	}
	return &Patch{
		S0: clonePtr(in.S0), S1: clonePtr(in.S1), S2: clonePtr(in.S2),
		S3: clonePtr(in.S3), S4: clonePtr(in.S4), S5: clonePtr(in.S5),
		I0: clonePtr(in.I0), I1: clonePtr(in.I1), I2: clonePtr(in.I2),
		I3: clonePtr(in.I3), I4: clonePtr(in.I4), I5: clonePtr(in.I5),
		F0: clonePtr(in.F0), F1: clonePtr(in.F1), F2: clonePtr(in.F2),
		F3: clonePtr(in.F3), F4: clonePtr(in.F4), F5: clonePtr(in.F5),
		B0: clonePtr(in.B0), B1: clonePtr(in.B1), B2: clonePtr(in.B2),
		B3: clonePtr(in.B3), B4: clonePtr(in.B4), B5: clonePtr(in.B5),
		T0: clonePtr(in.T0), T1: clonePtr(in.T1), T2: clonePtr(in.T2),
		T3: clonePtr(in.T3), T4: clonePtr(in.T4), T5: clonePtr(in.T5),
	}
}
