package shapes

import (
	"math/rand/v2"
	"slices"
)

// A TreeNode is one of a binary search tree.
type TreeNode struct {
	Key         int
	Value       string
	Left, Right *TreeNode
}

// Tree has a thousand small objects, no two pointers to one of them.
var Tree = Shape[TreeNode]{
	Key: "f", Name: "tree of 1,000 *Node",
	Make: func() *TreeNode {
		r := source(6)
		keys := r.Perm(1_000)
		slices.Sort(keys)
		return makeTree(r, keys)
	},
	Hand: copyTree,
}

// makeTree builds the tree of keys, its root at a random place.
func makeTree(r *rand.Rand, keys []int) *TreeNode {
	if len(keys) == 0 {
		return nil
	}
	i := len(keys)/4 + r.IntN(len(keys)/2+1)
	return &TreeNode{Key: keys[i], Value: word(r), Left: makeTree(r, keys[:i]), Right: makeTree(r, keys[i+1:])}
}

func copyTree(in *TreeNode) *TreeNode {
	if in == nil {
		return nil
	}
	out := new(TreeNode)
	*out = *in
	out.Left, out.Right = copyTree(in.Left), copyTree(in.Right)
	return out
}
