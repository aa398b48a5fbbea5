package peers

import (
	"bytes"
	"encoding/gob"
	"encoding/json"

	bdeep "github.com/brunoga/deep"
	"github.com/huandu/go-clone"
	"github.com/jinzhu/copier"
	"github.com/mitchellh/copystructure"
	mdeepcopy "github.com/mohae/deepcopy"
	tdeepcopy "github.com/tiendc/go-deepcopy"
)

// goClone keeps no record of what it has copied: what was one object may become several.
func goClone[T any](src *T) (*T, error) { return as[T](clone.Clone(src)) }

// goCloneSlowly keeps such a record, and can copy cycles.
func goCloneSlowly[T any](src *T) (*T, error) { return as[T](clone.Slowly(src)) }

func tiendc[T any](src *T) (*T, error) {
	out := new(T)
	return out, tdeepcopy.Copy(out, src)
}

func brunoga[T any](src *T) (*T, error) { return bdeep.Copy(src) }

func mohae[T any](src *T) (*T, error) { return as[T](mdeepcopy.Copy(src)) }

func jinzhu[T any](src *T) (*T, error) {
	out := new(T)
	return out, copier.CopyWithOption(out, src, copier.Option{DeepCopy: true})
}

func mitchellh[T any](src *T) (*T, error) {
	out, err := copystructure.Copy(src)
	if err != nil {
		return nil, err
	}
	return as[T](out)
}

func viaJSON[T any](src *T) (*T, error) {
	text, err := json.Marshal(src)
	if err != nil {
		return nil, err
	}
	out := new(T)
	return out, json.Unmarshal(text, out)
}

// viaGob encodes to memory. Types in interfaces must have been registered.
func viaGob[T any](src *T) (*T, error) {
	var buf bytes.Buffer
	if err := gob.NewEncoder(&buf).Encode(src); err != nil {
		return nil, err
	}
	out := new(T)
	return out, gob.NewDecoder(&buf).Decode(out)
}
