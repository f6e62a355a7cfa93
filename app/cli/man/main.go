// Gen writes the man pages, one for each command, into a folder:
//
//	go run ./app/cli/man build/man
//
// It is a program of its own so that authtray carries no markdown parser.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/authtray/authtray/app/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "gen: want the folder for the pages")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	date := builtAt()
	root := cli.Commands()
	root.DisableAutoGenTag = true
	plain(root)
	return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "Authtray", Manual: "Authtray Manual", Date: &date}, dir)
}

// builtAt is the date on the pages. SOURCE_DATE_EPOCH makes them the same in
// every build (reproducible-builds.org).
func builtAt() time.Time {
	if seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(seconds, 0).UTC()
	}
	return time.Now().UTC()
}

// plain lets nothing in the texts be taken for markdown, which they are not.
func plain(c *cobra.Command) {
	c.Long = strings.NewReplacer("*", `\*`, "_", `\_`, "<", `\<`).Replace(c.Long)
	for _, sub := range c.Commands() {
		plain(sub)
	}
}
