package deep

import (
	"fmt"
	"reflect"

	"github.com/hooktx/hooks/internal/show"
)

// Options bound a copy. The zero Options set no bounds.
type Options struct {
	// Limit is how many bytes the copy may need, by the rules of Size; 0 or less: any number. Memory is counted before
	// it is allocated, so a copy that would pass the limit is not begun. (What a DeepCopy method returns can only be
	// counted afterwards.)
	Limit int64

	// SkipSize leaves Info.Size 0, and saves the time of counting: of looking at every string, most of all those in maps.
	// It has no effect if there is a Limit.
	SkipSize bool

	// Adopt lets Merge make the result of the memory of the versions, which nobody may use any more then. It has no
	// effect on other functions.
	Adopt bool

	// Trees tells Merge that the base and the versions are trees, as Info said when they were copied, and that nobody has
	// written them since. It saves Merge a look at each of them. It has no effect on other functions.
	Trees bool

	// Sizes tells Merge the sizes of the base and of the versions, in this order, as Info said when they were copied, if
	// they have not been written since. It saves Merge the counting of what it makes of the versions.
	Sizes []int64

	// Stop, if set, is asked about every 1024 steps and before every call of a DeepCopy method. Its error ends the copy
	// at once and is returned.
	Stop func() error

	// Call, if set, runs every DeepCopy method. It may run fn on another goroutine, and returns an error if fn
	// panicked, exited or took too long; then fn may still be running, and nothing that it computes is looked at. If
	// Call is nil, methods run on the caller's goroutine, and a panic becomes an error.
	Call func(fn func()) error

	// Together, if set, does for a whole copy what Call does for one method: it runs work, mostly on another goroutine,
	// and returns nil if work has returned in time. A copy of which it does not know that it calls methods begins without
	// it, and begins again with it. If there is something wrong with a method, Call is used to find out where.
	//
	// work reads the original. So it may be given up within a method alone: between an Enter and a Leave that return
	// true. If Together returns an error, work must have ended, or be within a method and have its Leave return false;
	// after an Enter or Leave that returned false, work returns at once and touches nothing. Stop is not asked before
	// every method then: Enter is to return false when there is no time left.
	Together func(work func(Gate)) error
}

// A Gate is told when user code begins and ends.
type Gate interface {
	Enter() bool // false: it must not begin
	Leave() bool // false: nobody waits any more
}

// counts reports whether the bytes of a copy are to be counted.
func (o *Options) counts() bool { return o.Limit > 0 || !o.SkipSize }

// Info is what there is to know of a finished copy.
type Info struct {
	Size     int64 // bytes of the copy, by the rules of Size; 0 if Options.SkipSize says so
	RootRefs bool  // some pointer or slice in the copy points to the root value itself, or into it

	// Tree says that the copy is known to be a tree: no memory in it is met twice, and all of it is simply copied. See
	// Options.Trees.
	Tree bool
}

// Copy returns a deep copy of *src, by the rules of the package. The error is a *NotCopyableError, a *TooLargeError, or
// that of o.Stop. Nothing may write the memory behind src meanwhile, atomics and sync.Maps in it aside.
func Copy[T any](src *T, o Options) (*T, Info, error) { return copyRoot(nil, src, o) }

// CopyFor is Copy for a shell: a value to be given to Assign(home, shell), where pointers to the root, and into it, are
// pointers to *home and into it already. The content of *home is neither read nor written. One kind of reference
// cannot move: a slice that covers more than the root, as the slice does of which the root is an element, is a slice
// over the copy's own memory.
func CopyFor[T any](home, src *T, o Options) (*T, Info, error) { return copyRoot(home, src, o) }

func copyRoot[T any](home, src *T, o Options) (*T, Info, error) {
	if src == nil {
		t := reflect.TypeFor[T]()
		return nil, Info{}, &NotCopyableError{Path: typeName(t), Shape: typeName(t), Type: "*" + t.String(), Reason: "is nil; pass a value"}
	}
	var known answers
	if usePlans {
		p := planFor(reflect.TypeFor[T]())
		if p.plain {
			if info, ok := p.counted(addrOf(src), &o); ok {
				out := new(T)
				*out = *src
				return out, info, nil
			}
		}
		out, info, done, err := byPlan(p, home, src, &o, &known)
		if done {
			return out, info, err
		}
	}
	out, info, err := obviousCopy(reflect.TypeFor[T](), addrOf(home), addrOf(src), o, known)
	return as[T](out), info, err
}

// obviousCopy is Copy, and CopyFor, by the obvious engine. The methods that known has answers of are not called. If one of
// these is bad, a copy is made to find its path, without calling any other. That finds nothing if the value has no
// address of its own, as in a map; then the methods have to be called.
func obviousCopy(t reflect.Type, home, src pointer, o Options, known answers) (out pointer, info Info, err error) {
	if known.bad() {
		if _, _, err := known.copy(t, home, src, o, true); err != nil {
			return nil, Info{}, err
		}
	}
	return known.copy(t, home, src, o, false)
}

func (x answers) copy(t reflect.Type, home, src pointer, o Options, blaming bool) (out pointer, info Info, err error) {
	c := newCopier(o, t)
	c.answers, c.blaming = x, blaming
	defer c.contain(&err)
	c.home = home
	if err := c.survey(src); err != nil {
		return nil, Info{}, err
	}
	if err := c.build(); err != nil {
		return nil, Info{}, err
	}
	info.RootRefs = c.rootRefs
	if o.counts() {
		info.Size = c.bytes
	}
	return c.regions[0].inBlock(), info, nil
}

// A copier makes one copy, in two passes. The first, survey, follows every reference from the root and notes the
// memory that it finds: regions (what pointers and slices cover), maps, and boxes (values in interfaces). It merges
// regions that overlap into blocks and adds everything up. The second, build, makes an empty block, map and box for
// each one noted and then fills them. By then every reference has somewhere to point to, so filling never follows
// one: no cycle can hold it up, no depth overflows the stack, no value is ever half made when it is stored.
type copier struct {
	opts    Options
	lenient bool // measure only: DeepCopy methods are not called, and what cannot be copied counts as shared
	rootTyp reflect.Type
	home    pointer // nil unless the copy is made for a home

	cursor
	steps1024 int
	tasks     []task // what the survey has yet to look at, from next on
	next      int
	owner     *box // the box whose content is being looked at, else nil
	passing   bool // a map entry is being looked at: its memory is not its own and does not change

	joiner
	find    map[regionKey]int // → index in regions
	shown   shown
	maps    []*mapping
	mapOf   map[pointer]*mapping
	boxes   []*box
	boxOf   map[boxKey]*box
	clones  map[regionKey]reflect.Value // what DeepCopy methods of slice types returned
	answers answers                     // what was returned already
	blaming bool                        // methods without an answer are not called
	atomics snapshots

	raw, recount int64 // bytes noted, overlaps counted twice; count exactly when raw passes recount
	bytes        int64
	rootRefs     bool
}

func newCopier(o Options, t reflect.Type) *copier {
	return &copier{
		opts: o, rootTyp: t, recount: o.Limit,
		find: map[regionKey]int{}, mapOf: map[pointer]*mapping{}, boxOf: map[boxKey]*box{},
		clones: map[regionKey]reflect.Value{}, atomics: newSnapshots(),
	}
}

// tick counts a step, and asks Stop once in a while.
func (c *copier) tick() error {
	if c.steps1024++; c.steps1024 < 1024 {
		return nil
	}
	return c.stopped()
}

func (c *copier) stopped() error {
	c.steps1024 = 0
	if c.opts.Stop == nil {
		return nil
	}
	return c.opts.Stop()
}

// cannot is the error for the place that the cursor is at.
func (c *copier) cannot(t reflect.Type, reason string, cause error) error {
	at, root := c.here(), typeName(c.rootTyp)
	return &NotCopyableError{Path: at.render(root), Shape: at.shape(root), Type: t.String(), Reason: reason, Err: cause}
}

func (c *copier) changed(t reflect.Type) error {
	return c.cannot(t, "is not what it was a moment ago", errChanged)
}

// contain turns a panic into an error, so that memory which changes under the copy, or a mistake in here, costs an
// execution and not the process.
func (c *copier) contain(err *error) {
	if p := recover(); p != nil {
		text := show.Value(p)
		if e, ok := p.(error); ok {
			text = safeText(e)
		}
		*err = c.cannot(c.rootTyp, "could not be copied; does something write it meanwhile?", fmt.Errorf("panic: %s", text))
	}
}
