// Package peers calls every way to copy a value that is compared, all in one form.
package peers

import (
	"fmt"

	"github.com/hooktx/hooks/internal/deep"
)

// A Peer is one way to copy a value of any type.
type Peer struct {
	Key    string // its name in logs
	Name   string // its name for readers
	Module string // where it comes from; "" is this module or the standard library
	Own    bool   // it is the engine that all this measures
}

// All lists the peers in the order of tables.
var All = []Peer{
	{"hooks", "**hooks**", "", true},
	{"hooks-measured", "**hooks, measured**", "", true},
	{"go-clone", "huandu/go-clone", "github.com/huandu/go-clone", false},
	{"go-clone-slowly", "huandu/go-clone, Slowly", "github.com/huandu/go-clone", false},
	{"tiendc", "tiendc/go-deepcopy", "github.com/tiendc/go-deepcopy", false},
	{"brunoga", "brunoga/deep", "github.com/brunoga/deep", false},
	{"mohae", "mohae/deepcopy", "github.com/mohae/deepcopy", false},
	{"copier", "jinzhu/copier", "github.com/jinzhu/copier", false},
	{"copystructure", "mitchellh/copystructure", "github.com/mitchellh/copystructure", false},
	{"json", "encoding/json round trip", "", false},
	{"gob", "encoding/gob round trip", "", false},
}

// Of returns the peer's copy function for type T. It returns nil if there is no peer with that key.
func Of[T any](key string) func(src *T) (*T, error) {
	switch key {
	case "hooks":
		return Hooks[T]
	case "hooks-measured":
		return HooksMeasured[T]
	case "go-clone":
		return goClone[T]
	case "go-clone-slowly":
		return goCloneSlowly[T]
	case "tiendc":
		return tiendc[T]
	case "brunoga":
		return brunoga[T]
	case "mohae":
		return mohae[T]
	case "copier":
		return jinzhu[T]
	case "copystructure":
		return mitchellh[T]
	case "json":
		return viaJSON[T]
	case "gob":
		return viaGob[T]
	}
	return nil
}

// Hooks is the engine as it is when nobody asks for a size.
func Hooks[T any](src *T) (*T, error) {
	out, _, err := deep.Copy(src, deep.Options{SkipSize: true})
	return out, err
}

// HooksMeasured is the engine with a limit, which counts the bytes of the copy as well.
func HooksMeasured[T any](src *T) (*T, error) {
	out, _, err := deep.Copy(src, deep.Options{Limit: 1 << 30})
	return out, err
}

// as is v as a *T: what copiers without type parameters return.
func as[T any](v any) (*T, error) {
	out, ok := v.(*T)
	if !ok {
		return nil, fmt.Errorf("returned a %T", v)
	}
	return out, nil
}
