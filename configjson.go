package hooks

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A setting is one leaf of a Config: its path in JSON, such as
// "execution.default_timeout", and its field.
type setting struct {
	path  string
	value reflect.Value // settable
}

var durationType = reflect.TypeFor[time.Duration]()

// settings yields the leaves of c, in the order of their fields. Validate and both
// directions of JSON go by it, so a new field needs no other mention.
func settings(c *Config) iter.Seq[setting] {
	return func(yield func(setting) bool) { eachSetting("", reflect.ValueOf(c).Elem(), yield) }
}

func eachSetting(prefix string, v reflect.Value, yield func(setting) bool) bool {
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("json")
		switch f := v.Field(i); {
		case name == "-":
		case f.Kind() == reflect.Struct:
			if !eachSetting(prefix+name+".", f, yield) {
				return false
			}
		case !yield(setting{prefix + name, f}):
			return false
		}
	}
	return true
}

// limit returns the setting's number if it is a limit.
func (s setting) limit() (int64, bool) {
	if s.value.Kind() != reflect.Int64 {
		return 0, false
	}
	return s.value.Int(), true
}

// String returns the setting's value as a person would write it.
func (s setting) String() string { return fmt.Sprint(s.value.Interface()) }

// MarshalJSON returns c as nested objects, without the settings that have their
// zero value.
func (c Config) MarshalJSON() ([]byte, error) {
	type object = map[string]any
	top := object{}
	for s := range settings(&c) {
		if s.value.IsZero() {
			continue
		}
		in, name := top, s.path
		if section, rest, nested := strings.Cut(s.path, "."); nested {
			if top[section] == nil {
				top[section] = object{}
			}
			in, name = top[section].(object), rest
		}
		in[name] = s.encode()
	}
	return json.Marshal(top)
}

func (s setting) encode() any {
	n, limit := s.limit()
	switch {
	case limit && n == NoLimit:
		return "none"
	case s.value.Type() == durationType:
		return time.Duration(n).String()
	}
	return s.value.Interface()
}

// UnmarshalJSON sets what data names and leaves the rest of c as it is. An unknown
// key, or a value of the wrong form, is an error that names the setting and matches
// ErrInvalidConfig; c is then unchanged.
func (c *Config) UnmarshalJSON(data []byte) error {
	values := map[string]json.RawMessage{}
	if err := flatten("", data, values); err != nil {
		return invalidConfig(err)
	}
	fresh := *c
	for s := range settings(&fresh) {
		raw, given := values[s.path]
		if !given {
			continue
		}
		delete(values, s.path)
		if err := s.decode(raw); err != nil {
			return invalidConfig(fmt.Errorf("%s: %w", s.path, err))
		}
	}
	if len(values) > 0 {
		unknown := strings.Join(slices.Sorted(maps.Keys(values)), ", ")
		return invalidConfig(fmt.Errorf("unknown key %s", unknown))
	}
	*c = fresh
	return nil
}

// configSections are the keys whose values are objects of settings.
var configSections = func() map[string]bool {
	sections := map[string]bool{}
	for s := range settings(new(Config)) {
		if section, _, nested := strings.Cut(s.path, "."); nested {
			sections[section] = true
		}
	}
	return sections
}()

// flatten puts the leaves of the object in data into values, by path.
func flatten(prefix string, data []byte, values map[string]json.RawMessage) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		where := "the configuration"
		if prefix != "" {
			where = prefix[:len(prefix)-1]
		}
		return fmt.Errorf("%s must be an object: %w", where, err)
	}
	for key, raw := range object {
		if prefix == "" && configSections[key] {
			if err := flatten(key+".", raw, values); err != nil {
				return err
			}
			continue
		}
		if strings.Contains(key, ".") {
			key = strconv.Quote(key) // it is no path
		}
		values[prefix+key] = raw
	}
	return nil
}

func (s setting) decode(raw json.RawMessage) error {
	if _, limit := s.limit(); limit {
		n, err := decodeLimit(raw, s.value.Type() == durationType)
		if err == nil {
			s.value.SetInt(n)
		}
		return err
	}
	if string(raw) == "null" {
		return fmt.Errorf("want %s, got null; leave it out", wantJSON(s.value.Kind()))
	}
	fresh := reflect.New(s.value.Type()) // a list must not be decoded into the old one's memory
	if err := json.Unmarshal(raw, fresh.Interface()); err != nil {
		return fmt.Errorf("want %s, got %s", wantJSON(s.value.Kind()), clip(raw))
	}
	s.value.Set(fresh.Elem())
	return nil
}

func decodeLimit(raw json.RawMessage, isDuration bool) (int64, error) {
	var text string
	isText := json.Unmarshal(raw, &text) == nil && len(raw) > 0 && raw[0] == '"'
	switch {
	case isText && text == "none":
		return NoLimit, nil
	case isText && isDuration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return 0, fmt.Errorf(`want a duration such as "30s", or "none", got %s`, clip(raw))
		}
		return int64(d), nil
	case isDuration:
		return 0, fmt.Errorf(`want a duration such as "30s", or "none", got %s`, clip(raw))
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, fmt.Errorf(`want a whole number, or "none", got %s`, clip(raw))
	}
	return n, nil
}

func wantJSON(k reflect.Kind) string {
	switch k {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	}
	return "a list of strings"
}

// clip returns at most the beginning of a JSON text, for an error.
func clip(raw []byte) string {
	const most = 40
	if len(raw) > most {
		return string(raw[:most]) + "…"
	}
	return string(raw)
}
