package deep_test

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/hooktx/hooks/internal/deep"
)

// This file fuzzes the clever engine against the obvious one, on values of types that are made up too.

var seedFlag = flag.Int64("deep.seed", -1, "the one seed that TestPlansRandom and its likes are to run")

// A subject is a random value, and one more of its type.
type subject struct {
	t      failer
	c      *choices
	typ    reflect.Type
	m      *valueMaker
	value  reflect.Value // a pointer, as are the others
	other  reflect.Value
	first  deep.Info     // of the obvious copy
	mirror reflect.Value // a copy by the obvious engine
	err    error         // why there is none
	weight int64         // its size, which is not the copy's if methods make that
	*survey
}

// A failer is a test, of whichever package.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// newSubject makes a subject of bytes. It has no sharing if tree is set.
func newSubject(t testing.TB, data []byte, tree bool) *subject {
	s := &subject{t: t, c: &choices{data}}
	types := &typeMaker{choices: s.c}
	s.typ = types.root()
	s.m = newValueMaker(s.c, types.made)
	s.m.tree = tree
	s.value = s.m.root(s.typ)
	s.survey = surveyOf(s.value)
	s.mirror, s.first, s.err = deep.ObviousCopy(s.value, deep.Options{})
	return s
}

// second makes another value. Half of the time it may share memory with the first.
func (s *subject) second() {
	if s.m.tree || s.c.pick(2) == 0 {
		m := newValueMaker(s.c, s.m.types)
		m.tree, m.inexact = s.m.tree, s.m.inexact
		s.m = m
	}
	s.other = s.m.root(s.typ)
}

func (s *subject) errorf(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s\nof type %v", fmt.Sprintf(format, args...), describe(s.typ))
}

// describe writes a type with the parts of it that reflect made.
func describe(t reflect.Type) string {
	text := t.String()
	if len(text) > 4000 {
		text = text[:4000] + "…"
	}
	return text
}

// tally counts what was done, so that a test can see that it did something.
type tally struct{ values, byPlan, adopted, compared, unequal, paths, skipped int }

// checkCopies checks a copy by plans against the original, and against one by the obvious engine.
func checkCopies(t testing.TB, data []byte, n *tally) {
	s := newSubject(t, data, false)
	n.values++
	s.checkSizes()
	if s.err != nil {
		s.checkFailure()
		return
	}
	if s.refused {
		return
	}
	if err := isomorphic(s.value, s.mirror); err != nil {
		s.errorf("the obvious copy: %v", err)
	}
	one, info, done, err := deep.PlanCopy(s.value, deep.Options{})
	if !done {
		if err != nil {
			s.errorf("an error by plans, which are not done: %v", err)
		}
		return
	}
	n.byPlan++
	s.checkCopy(one, info, err)
	s.checkLimits()
	s.checkSizeLimits()
	s.checkHome()
	s.checkScribbles(one)
}

// checkFailure checks that plans copy nothing that the obvious engine refuses to.
func (s *subject) checkFailure() {
	if !s.refused && !s.own {
		s.errorf("the obvious engine: %v", s.err)
	}
	_, _, done, err := deep.PlanCopy(s.value, deep.Options{})
	if done && reflect.TypeOf(err) != reflect.TypeOf(s.err) {
		s.errorf("the error is %v, by plans %v", s.err, err)
	}
}

func (s *subject) checkCopy(dst reflect.Value, info deep.Info, err error) {
	s.t.Helper()
	switch {
	case err != nil:
		s.errorf("an error by plans: %v", err)
	case info.Size != s.first.Size || info.RootRefs != s.first.RootRefs:
		s.errorf("a copy is %+v, by plans %+v", s.first, info)
	case info.Tree && !deep.IsTree(dst):
		s.errorf("the copy by plans is no tree: %+v", info)
	}
	if err := isomorphic(s.value, dst); err != nil {
		s.errorf("the copy by plans: %v", err)
	}
	if !deep.ObviousEqual(s.value, dst) {
		s.errorf("the copy by plans is not equal")
	}
}

func (s *subject) checkSizes() {
	want, err := deep.ObviousSize(s.value, deep.Options{})
	s.weight = want
	got, done, planErr := deep.PlanSize(s.value, deep.Options{})
	switch {
	case err != nil || planErr != nil:
		s.errorf("Size: %v, by plans %v", err, planErr)
	case done && got != want:
		s.errorf("the size is %d, by plans %d", want, got)
	case s.err == nil && !s.own && want != s.first.Size:
		s.errorf("the size is %d, of the copy %d", want, s.first.Size)
	}
}

// checkLimits checks limits around the exact size, and copies that are not measured.
func (s *subject) checkLimits() {
	dst, info, done, err := deep.PlanCopy(s.value, deep.Options{SkipSize: true})
	if done {
		info.Size = s.first.Size
		s.checkCopy(dst, info, err)
	}
	size := s.first.Size
	if size < 2 {
		return
	}
	if _, _, done, err := deep.PlanCopy(s.value, deep.Options{Limit: size}); done && err != nil {
		s.errorf("its size of %d is too much: %v", size, err)
	}
	if _, _, err := deep.ObviousCopy(s.value, deep.Options{Limit: size - 1}); !tooLarge(err) {
		s.errorf("size - 1 is enough: %v", err)
	}
	if _, _, done, err := deep.PlanCopy(s.value, deep.Options{Limit: size - 1}); done && !tooLarge(err) {
		s.errorf("size - 1 is enough by plans: %v", err)
	}
	if _, _, done, err := deep.PlanCopy(s.value, deep.Options{Limit: size/2 + 1}); done && !tooLarge(err) && size/2+1 < size {
		s.errorf("half the size is enough by plans: %v", err)
	}
}

// checkSizeLimits is checkLimits for Size.
func (s *subject) checkSizeLimits() {
	if _, done, err := deep.PlanSize(s.value, deep.Options{Limit: s.weight}); done && err != nil {
		s.errorf("Size: the size of %d is too much: %v", s.weight, err)
	}
	if s.weight < 2 {
		return
	}
	if _, done, err := deep.PlanSize(s.value, deep.Options{Limit: s.weight - 1}); done && !tooLarge(err) {
		s.errorf("Size: size - 1 is enough by plans: %v", err)
	}
}

func tooLarge(err error) bool {
	var e *deep.TooLargeError
	return errors.As(err, &e) && e.Size > e.Limit
}

// checkHome checks that a copy for another variable, once it is there, is a copy like any other.
func (s *subject) checkHome() {
	home := reflect.New(s.typ)
	shell, info, done, err := deep.PlanCopyFor(home, s.value, deep.Options{})
	if !done {
		return
	}
	wantHome := reflect.New(s.typ)
	wantShell, want, wantErr := deep.ObviousCopyFor(wantHome, s.value, deep.Options{})
	info.Tree = want.Tree // which the obvious engine does not look for
	if err != nil || wantErr != nil || info != want {
		s.errorf("CopyFor: %+v and %v, by plans %+v and %v", want, wantErr, info, err)
	}
	home.Elem().Set(shell.Elem())
	wantHome.Elem().Set(wantShell.Elem())
	got, expect := isomorphic(s.value, home), isomorphic(s.value, wantHome)
	if (got == nil) != (expect == nil) {
		s.errorf("CopyFor: %v, by plans %v", expect, got)
	}
}

// checkScribbles overwrites all of a copy by plans, and then all of the original, and looks at what is left.
func (s *subject) checkScribbles(one reflect.Value) {
	two, _, done, err := deep.PlanCopy(s.value, deep.Options{})
	if err != nil {
		s.errorf("a second copy by plans: %v", err)
	}
	if !done { // what lies in what may be met in another order: that of a map
		two, _, err = deep.ObviousCopy(s.value, deep.Options{})
		if err != nil {
			s.errorf("a second copy: %v", err)
		}
	}
	scribbleAll(one)
	if !deep.ObviousEqual(s.value, s.mirror) {
		s.errorf("what is written to a copy shows in the original")
	}
	if err := isomorphic(s.value, two); err != nil {
		s.errorf("what is written to a copy shows elsewhere: %v", err)
	}
	scribbleAll(s.value)
	if err := isomorphic(s.mirror, two); err != nil {
		s.errorf("what is written to the original shows in a copy: %v", err)
	}
}

// checkEquals checks that both engines think the same of a value and a copy of it, a copy with one change, and another
// value, and so does reflect.DeepEqual where it has the same rules.
func checkEquals(t testing.TB, data []byte, n *tally) {
	s := newSubject(t, data, false)
	n.values++
	s.second()
	s.checkEqual(s.value, s.value, true, n)
	s.checkEqual(s.value, s.other, !s.m.inexact, n)
	s.checkEqual(s.other, s.value, !s.m.inexact, n)
	if s.err != nil || s.own {
		return
	}
	if equal := s.checkEqual(s.value, s.mirror, !s.m.inexact, n); !equal {
		s.errorf("a copy is not equal")
	}
	for range 3 {
		changed, _, err := deep.ObviousCopy(s.value, deep.Options{})
		if err != nil {
			s.errorf("%v", err)
		}
		if list := leaves(changed, 1000); len(list) > 0 {
			change(s.c, list[(s.c.pick(256)*4+s.c.pick(4))%len(list)])
			s.checkEqual(s.value, changed, false, n)
			s.checkEqual(changed, s.value, false, n)
		}
	}
}

func (s *subject) checkEqual(a, b reflect.Value, exact bool, n *tally) bool {
	s.t.Helper()
	want := deep.ObviousEqual(a, b)
	if got, done := deep.PlanEqual(a, b); done {
		n.byPlan++
		if got != want {
			s.errorf("equal is %v, by plans %v", want, got)
		}
	}
	n.compared++
	if !want {
		n.unequal++
	}
	if exact && !s.own && !s.synced {
		if got := reflect.DeepEqual(a.Interface(), b.Interface()); got != want {
			s.errorf("equal is %v, by package reflect %v", want, got)
		}
	}
	return want
}

// checkGrowth checks that a value never becomes smaller by getting more.
func checkGrowth(t testing.TB, data []byte, n *tally) {
	s := newSubject(t, data, false)
	n.values++
	if s.err != nil || s.own {
		return
	}
	for range 3 {
		list := leaves(s.mirror, 1000)
		if len(list) == 0 {
			return
		}
		before := s.size()
		v := list[(s.c.pick(256)*4+s.c.pick(4))%len(list)]
		if grew := enlarge(v); grew {
			n.unequal++
		}
		if after := s.size(); after < before {
			s.errorf("with one more in a %v the size falls from %d to %d", v.Type(), before, after)
		}
	}
}

// size is the size of the mirror.
func (s *subject) size() int64 {
	want, err := deep.ObviousSize(s.mirror, deep.Options{})
	got, done, _ := deep.PlanSize(s.mirror, deep.Options{})
	if err != nil || done && got != want {
		s.errorf("the size is %d, by plans %d: %v", want, got, err)
	}
	return want
}

// enlarge adds something to v.
func enlarge(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "longer")
	case reflect.Slice:
		v.Set(reflect.Append(v.Slice3(0, v.Len(), v.Len()), reflect.Zero(v.Type().Elem())))
	case reflect.Map:
		key := reflect.Zero(v.Type().Key())
		if key.Kind() == reflect.String {
			key = reflect.ValueOf("one more").Convert(key.Type())
		}
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		if v.MapIndex(key).IsValid() {
			return false
		}
		v.SetMapIndex(key, reflect.Zero(v.Type().Elem()))
	default:
		return false
	}
	return true
}

// checkDiffs checks that Diff is silent for equal values only, and that its paths lead to what differs: a copy in which
// they are overwritten with what they lead to in the other value is equal to that.
func checkDiffs(t testing.TB, data []byte, n *tally) {
	tree := len(data) > 0 && data[0]%2 == 0
	s := newSubject(t, data[min(1, len(data)):], tree)
	n.values++
	s.second()
	s.checkDiff(s.value, s.other, n)
	if s.err != nil || s.own {
		return
	}
	if changes, _ := deep.DiffValues(s.value, s.mirror, 0); len(changes) > 0 {
		s.errorf("a copy differs: %v", changes)
	}
	for range 2 {
		changed, _, err := deep.ObviousCopy(s.value, deep.Options{})
		if err != nil {
			s.errorf("%v", err)
		}
		list := leaves(changed, 1000)
		if len(list) == 0 {
			return
		}
		change(s.c, list[(s.c.pick(256)*4+s.c.pick(4))%len(list)])
		s.checkDiff(s.value, changed, n)
	}
}

func (s *subject) checkDiff(a, b reflect.Value, n *tally) {
	s.t.Helper()
	changes, more := deep.DiffValues(a, b, 0)
	if equal := deep.ObviousEqual(a, b); equal != (len(changes) == 0) || more {
		s.errorf("equal is %v, but there are %d changes", equal, len(changes))
	}
	if len(changes) > 0 {
		s.checkLimited(a, b, changes)
	}
	if s.err != nil || s.own || len(changes) > 200 || !deep.ObviousEqual(a, s.value) {
		return
	}
	patched, _, err := deep.ObviousCopy(a, deep.Options{})
	if err != nil {
		s.errorf("%v", err)
	}
	whole := s.m.tree
	for _, c := range changes {
		n.paths++
		path, ok := parsePath(c.Path)
		if ok {
			ok = s.checkChange(a, b, patched, c, path)
		}
		if !ok {
			n.skipped++
			whole = false
		}
	}
	if left := withSize(b, patched); whole && len(left) > 0 {
		s.errorf("with all changes made, these are left: %v\nof %v", left, changes)
	}
}

// withSize lists the changes from b to a that have a size. Elements without one lie at one place, and Diff shows a place
// once.
func withSize(a, b reflect.Value) (list []deep.Change) {
	changes, _ := deep.DiffValues(b, a, 0)
	for _, c := range changes {
		if path, ok := parsePath(c.Path); ok {
			if x, found, _ := resolve(a.Elem(), path); found && x.Type().Size() == 0 {
				continue
			}
			if x, found, _ := resolve(b.Elem(), path); found && x.Type().Size() == 0 {
				continue
			}
		}
		list = append(list, c)
	}
	return list
}

// checkLimited checks that a limit of one shows the first change.
func (s *subject) checkLimited(a, b reflect.Value, changes []deep.Change) {
	s.t.Helper()
	few, more := deep.DiffValues(a, b, 1)
	if len(few) == 1 && more == (len(changes) > 1) && few[0] == changes[0] {
		return
	}
	s.errorf("of %d changes, limited to one, there are %v, more: %v", len(changes), few, more)
}

// checkChange checks that what the path leads to differs, and overwrites it.
func (s *subject) checkChange(a, b, patched reflect.Value, c deep.Change, path []pathStep) bool {
	x, foundX, okX := resolve(a.Elem(), path)
	y, foundY, okY := resolve(b.Elem(), path)
	if !okX || !okY || !foundX && !foundY {
		return false
	}
	if foundX && foundY && x.Type() == y.Type() && !byIdentity(a, path) && deep.ObviousEqual(x.Addr(), y.Addr()) {
		s.errorf("Diff says that %s differs, but it does not: %+v", c.Path, c)
	}
	return patch(patched.Elem(), path, y, foundY)
}

// byIdentity reports whether the path leads from *p to a field that is compared by what it is, not what it leads to.
func byIdentity(p reflect.Value, path []pathStep) bool {
	if len(path) == 0 {
		return false
	}
	v, _, _ := resolve(p.Elem(), path[:len(path)-1])
	if v, _ = through(v); v.Kind() != reflect.Struct {
		return false
	}
	f, _ := v.Type().FieldByName(path[len(path)-1].name)
	return f.Tag != ""
}

// A random test runs some thousand checks on bytes from seeds.
func runRandom(t *testing.T, values int, check func(testing.TB, []byte, *tally)) *tally {
	t.Helper()
	n := &tally{}
	if testing.Short() {
		values /= 5
	}
	if many < 1_000_000 {
		values /= 4
	}
	for i := range values {
		if *seedFlag < 0 || int64(i) == *seedFlag {
			runSeed(t, i, check, n)
		}
	}
	if *seedFlag >= 0 {
		t.SkipNow()
	}
	return n
}

// runSeed runs one check, and says how to run it again if it fails.
func runSeed(t *testing.T, seed int, check func(testing.TB, []byte, *tally), n *tally) {
	t.Helper()
	ended := false
	defer func() {
		if !ended {
			t.Logf("to run it again: go test ./internal/deep/ -run '^%s$' -deep.seed=%d", t.Name(), seed)
		}
	}()
	check(t, bytesOf(seed), n)
	ended = true
}

// bytesOf is a stream of choices, short or long.
func bytesOf(seed int) []byte {
	r := rand.New(rand.NewPCG(uint64(seed), 7))
	data := make([]byte, 1+int(math.Exp2(2+r.Float64()*8)))
	for i := range data {
		data[i] = byte(r.UintN(256))
	}
	return data
}

// TestPlansRandom compares the two engines on random values of random types: copies and sizes.
func TestPlansRandom(t *testing.T) {
	n := runRandom(t, 1500, checkCopies)
	if n.byPlan*10 < n.values*7 {
		t.Errorf("only %d of %d copies were made by plans", n.byPlan, n.values)
	}
}

// TestPlansRandomEqual compares what the two engines think of equality.
func TestPlansRandomEqual(t *testing.T) {
	n := runRandom(t, 1200, checkEquals)
	if n.byPlan*10 < n.compared*6 || n.unequal*5 < n.compared || n.unequal*5 > n.compared*4 {
		t.Errorf("too few of one kind: %+v", *n)
	}
}

// TestPlansRandomGrowth checks that Size does not fall.
func TestPlansRandomGrowth(t *testing.T) {
	if n := runRandom(t, 400, checkGrowth); n.unequal*4 < n.values {
		t.Errorf("too few grew: %+v", *n)
	}
}

// TestPlansRandomDiff checks that the paths of Diff lead to what differs.
func TestPlansRandomDiff(t *testing.T) {
	if n := runRandom(t, 500, checkDiffs); n.skipped*2 > n.paths {
		t.Errorf("too many paths were not followed: %+v", *n)
	}
}

func fuzz(f *testing.F, check func(testing.TB, []byte, *tally)) {
	for i := range 20 {
		f.Add(bytesOf(i))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			t.Skip("larger than any value needs")
		}
		check(t, data, &tally{})
	})
}

func FuzzPlans(f *testing.F) { fuzz(f, checkCopies) }

func FuzzEqual(f *testing.F) { fuzz(f, checkEquals) }

func FuzzDiff(f *testing.F) { fuzz(f, checkDiffs) }

// A pathStep is a field, or an index or key.
type pathStep struct {
	name string
	key  string // as written
}

// parsePath takes the path of a change apart. It reports false for one with things that cannot be found again: keys that
// are not written as they are, a middle that was left out.
func parsePath(path string) (list []pathStep, ok bool) {
	if path == "." {
		return nil, true
	}
	if strings.Contains(path, "…") {
		return nil, false
	}
	for rest := path; rest != ""; {
		if rest[0] == '[' {
			end := closing(rest)
			if end < 0 {
				return nil, false
			}
			list, rest = append(list, pathStep{key: rest[1:end]}), rest[end+1:]
			continue
		}
		rest = strings.TrimPrefix(rest, ".")
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		list, rest = append(list, pathStep{name: rest[:end]}), rest[end:]
	}
	return list, true
}

// closing is where the bracket that s begins with ends. Only numbers and quoted text are understood in it.
func closing(s string) int {
	quoted := false
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ']' && !quoted:
			return i
		case !quoted && strings.ContainsRune("{}[(&", rune(s[i])):
			return -1
		}
	}
	return -1
}
