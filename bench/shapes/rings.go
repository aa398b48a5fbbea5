package shapes

// A Queue is a list as container/list has it: a ring, with its root inside the struct.
type Queue struct {
	Root Entry
	Len  int
}

// An Entry is an element of a queue, or the root of one.
type Entry struct {
	Next, Prev *Entry
	Queue      *Queue
	Value      int
}

// Queues are many short ones.
type Queues struct{ All []*Queue }

// Rings is structs that others point into, and those to each other.
var Rings = Shape[Queues]{
	Key: "u", Name: "100 linked lists of 10, their roots inside",
	Make: func() *Queues {
		x := &Queues{make([]*Queue, 100)}
		for i := range x.All {
			x.All[i] = newQueue()
			for j := range 10 {
				x.All[i].push(j)
			}
		}
		return x
	},
	Hand: copyQueues,
}

func newQueue() *Queue {
	q := &Queue{}
	q.Root.Next, q.Root.Prev = &q.Root, &q.Root
	return q
}

// push adds an item at the end.
func (q *Queue) push(value int) {
	it := &Entry{&q.Root, q.Root.Prev, q, value}
	it.Prev.Next, it.Next.Prev = it, it
	q.Len++
}

// copyQueues makes new queues of the old ones' values.
func copyQueues(in *Queues) *Queues {
	if in == nil {
		return nil
	}
	out := &Queues{make([]*Queue, len(in.All))}
	for i, q := range in.All {
		c := newQueue()
		for it := q.Root.Next; it != &q.Root; it = it.Next {
			c.push(it.Value)
		}
		out.All[i] = c
	}
	return out
}
