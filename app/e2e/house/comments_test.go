package house

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEachPackageHasOneComment: it begins with the package's name, as godoc shows it.
func TestEachPackageHasOneComment(t *testing.T) {
	comments := map[string][]string{} // by folder: the files that hold one
	broken := map[string]string{}
	for _, s := range sources(t) {
		dir, name := s.dir(), strings.TrimSuffix(s.file.Name.Name, "_test")
		if s.file.Doc == nil {
			comments[dir] = append(comments[dir], nil...) // seen
			continue
		}
		comments[dir] = append(comments[dir], filepath.Base(s.path))
		if name != "main" && !strings.HasPrefix(s.file.Doc.Text(), "Package "+name+" ") {
			broken[dir] = fmt.Sprintf("the comment in %s does not begin with Package %s", s.path, name)
		}
	}
	for dir, files := range comments {
		if len(files) != 1 {
			broken[dir] = fmt.Sprintf("it has %d package comments %v, and should have one", len(files), files)
		}
	}
	exceptions{}.check(t, broken)
}

var fileName = regexp.MustCompile(`(?:^|[\s,;(])([\w*]+\.go)\b`)

// TestCommentsNameFilesThatExist: a comment that tells what is in which file beside
// it is wrong as soon as that is renamed.
func TestCommentsNameFilesThatExist(t *testing.T) {
	broken := map[string]string{}
	for _, s := range sources(t) {
		for _, comment := range s.file.Comments {
			for _, found := range fileName.FindAllStringSubmatch(comment.Text(), -1) {
				if files, _ := filepath.Glob(filepath.Join(top, s.dir(), found[1])); files == nil {
					broken[s.path] += "it names " + found[1] + ", which is not there; "
				}
			}
		}
	}
	exceptions{}.check(t, broken)
}
