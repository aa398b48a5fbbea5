package hooks_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The example on the README's first screen is a program: it runs as it stands there,
// and prints what stands under it.
func TestReadmeExampleRunsAsShown(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	blocks := strings.Split(string(readme), "```")
	require.Greater(t, len(blocks), 3)
	code, ok := strings.CutPrefix(blocks[1], "go\n")
	require.True(t, ok, "the first block of README.md is no Go code")

	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, []byte(code), 0o600))
	out, err := exec.CommandContext(t.Context(), "go", "run", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, strings.TrimSpace(blocks[3]), strings.TrimSpace(string(out)))
}
