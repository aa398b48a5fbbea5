// Package deep copies, compares and measures Go values of any type.
//
// # What a copy is
//
// A copy shares no memory with its original that anything could write, except what is shared on purpose, and has the
// same shape: what was one object is one object, cycles included; slices of one array overlap as they did; a pointer
// into a struct, an array or a slice's element points to the same place in the copy; so does a slice over an array.
// Unexported fields are copied like exported ones. Nil stays nil, empty stays empty.
//
// A slice's copy has its length as capacity: memory behind the length is not part of the value, and an append to one
// copy can never show in another.
//
// # What is shared
//
// Functions, channels, unsafe.Pointer, weak.Pointer, unique.Handle, reflect.Type, reflect.Value, *time.Location,
// *regexp.Regexp, elliptic.Curve and contexts are the same in every copy. So are errors: every non-nil value of an
// interface type that implements error, and every value in any other interface whose type does, so that errors.Is works
// on a copy. A field of a concrete type is data even if that type has an Error method. A value whose type has a DeepCopy
// method is copied by it, an error too, unless the interface's own type says error. A pointer to a struct that begins
// with a Reference is shared as well.
//
// # What starts anew
//
// sync.Mutex, RWMutex and WaitGroup are zero in a copy. A sync.Cond has its L (the copy of it) and no waiters, a
// sync.Pool its New and no content. A sync.Once keeps whether it is done. Atomics are copied by value, the pointers in
// them like any other, sync.Maps entry by entry; other goroutines may be using those while the copy is made.
//
// A protobuf message's state, which leads to what is known of its type, is that of a new message, and the size that it
// has noted is 0: protobuf sets both when it needs them. The rest of a message is copied like any struct, fields that
// are not decoded yet included. Such a field is decoded by whoever reads it, which is a write to memory like any other.
//
// # What is refused
//
// Files, connections, listeners, database handles, HTTP clients and servers, running timers and commands, loggers and
// the like stand for something outside of memory: a non-nil one is a *NotCopyableError. So is a type of a kind or of
// package sync that this version does not know.
//
// Also refused is what protobuf alone can copy: the value of an extension, a dynamicpb.Message, and a protoreflect.Value
// or a view of a message such as protoreflect.Message.
//
// # What a type's author can say
//
// A field tagged `hooks:"share"` has the same value in every copy; one tagged `hooks:"zero"` is zero in copies, and
// Assign leaves the destination's own; one tagged `hooks:"-"` is as shared, and neither compared nor counted. Any other
// hooks tag is an error.
//
// A type with a method DeepCopy() T, DeepCopy() *T, or DeepCopy() of an interface type with a T or *T inside copies
// itself, wherever it is found and on whichever receiver; only nil is not asked. One variable is asked once, and all
// pointers to it, and into it, lead to its copy. (A value in an interface or in a map has no address; it may be asked
// again if the engine starts again.) For a slice type that means slices of one length at one place: if
// several slices with a method overlap, their copies do not.
//
// # How it works
//
// There are two engines. Both go by the same rules, which say for each type what is done with its values.
//
// The obvious one (copier, comparison, merger) works by reflection, in passes over explicit lists. Of many designs it is
// the one that is easiest to see to be right. It takes whatever it is given.
//
// The other works by plans (runner, scanner, comparer, grafter): a type's rule is compiled once into what to move, what to
// mend in a copy that was moved whole, and what to compare, and then no reflection is needed. It copies in one pass what
// is not tangled, or refers to itself: a struct that points to a field of its own. Other memory that lies in other memory,
// as in slices of one array or a pointer into another struct, it notices, and starts again: with a look for each reference
// whether it leads into what has been copied, if it can after all else has been, which is mostly enough, and at last with
// a survey of what lies in what. The next copy of the type begins with the attempt that was enough. What plans cannot do,
// and all that ends in an error with a path, is left to the obvious engine.
//
// Merging by plans is for trees: values in which no memory is met twice. There an object's partner is what is at its place,
// so that one walk of the base and all versions is enough. What may be a conflict, or a question of which object is
// which, is left to the obvious engine, and so are all other values.
//
// A DeepCopy method is code of others, and may hang. So a copy that calls such methods is handed over as a whole, to be made
// where it can be given up: within a method alone, so that nobody reads the original any more when its owner goes on. A
// copy finds out that it has to be handed over when it meets the first method; the next one of its type begins with that.
//
// With the build tag obvious everything is done by the obvious engine. The tests pass both ways, and compare the two.
//
// In both, recursion is bounded, whatever the value: a list of millions of elements is no danger to the stack.
//
// Package unsafe is used in access.go, layout.go, wide.go, table.go and maproom.go alone, each of which states its rules.
// Pointers are stored by typed Go stores only, so that the garbage collector sees every one of them.
package deep
