package shapes

// A Link is one of a linked list.
type Link struct {
	Value int
	Next  *Link
}

// List is so long that code which recurses from link to link needs a very large stack. By hand it is a loop.
var List = Shape[Link]{
	Key: "p", Name: "linked list of 100k",
	Make: func() *Link {
		r := source(16)
		var head *Link
		for range 100_000 {
			head = &Link{r.IntN(1e6), head}
		}
		return head
	},
	Hand: func(in *Link) *Link {
		var head *Link
		to := &head
		for ; in != nil; in = in.Next {
			*to = &Link{Value: in.Value}
			to = &(*to).Next
		}
		return head
	},
}
