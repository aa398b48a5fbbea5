package shapes

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// A Document is decoded JSON.
type Document = map[string]any

// JSON is a tree of 241 nodes: objects, arrays, numbers, strings and booleans.
var JSON = Shape[Document]{
	Key: "c", Name: "JSON-like map[string]any, 241 nodes",
	Make: func() *Document {
		r := source(3)
		users := make([]any, 17)
		for i := range users {
			users[i] = makeUser(r)
		}
		return &Document{"users": users, "total": 17.0}
	},
	Hand: func(in *Document) *Document {
		return ptr(copyObject(*in))
	},
	Modern: func(in *Document) *Document {
		return ptr(copyObjectModern(*in))
	},
}

// makeUser builds one of the subtrees: 14 nodes, itself included.
func makeUser(r *rand.Rand) Document {
	return Document{
		"id":     float64(r.IntN(1e6)),
		"name":   word(r),
		"active": r.IntN(2) == 0,
		"age":    float64(18 + r.IntN(60)),
		"score":  r.Float64(),
		"tags":   []any{word(r), word(r)},
		"home":   Document{"city": word(r), "zip": word(r), "lat": r.Float64(), "note": word(r) + " " + word(r)},
	}
}

// copyJSON is what Kubernetes does with decoded JSON (runtime.DeepCopyJSONValue).
func copyJSON(v any) any {
	switch v := v.(type) {
	case Document:
		if v == nil {
			return v
		}
		return copyObject(v)
	case []any:
		if v == nil {
			return v
		}
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = copyJSON(e)
		}
		return out
	default: // strings, numbers and booleans do not change
		return v
	}
}

func copyObject(in Document) Document {
	if in == nil {
		return nil
	}
	out := make(Document, len(in))
	for key, val := range in {
		out[key] = copyJSON(val)
	}
	return out
}

func copyObjectModern(in Document) Document {
	out := maps.Clone(in)
	for key, val := range out {
		if isContainer(val) {
			out[key] = copyJSONModern(val)
		}
	}
	return out
}

func copyJSONModern(v any) any {
	switch v := v.(type) {
	case Document:
		return copyObjectModern(v)
	case []any:
		out := slices.Clone(v)
		for i, val := range out {
			if isContainer(val) {
				out[i] = copyJSONModern(val)
			}
		}
		return out
	}
	return v
}

func isContainer(v any) bool {
	switch v.(type) {
	case Document, []any:
		return true
	}
	return false
}
