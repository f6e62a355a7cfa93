package doctor

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/authtray/authtray/app/config"
	"github.com/authtray/authtray/providers"
	"github.com/authtray/authtray/providers/catalog"
)

// filesCheck reads every configuration file as the agent does. Each that cannot
// be used is a check of its own.
func filesCheck(_ context.Context, p Input) []Check {
	var broken []Check
	if _, err := config.ReadSettings(p.Paths.Settings()); err != nil {
		broken = append(broken, fileAmiss(p.Paths.Settings(), err))
	}
	catalogue, faults := catalog.LoadCatalogue(p.Paths.Providers())
	for _, err := range faults {
		broken = append(broken, fileAmiss(p.Paths.Providers(), err))
	}
	files, err := config.Connections(p.Paths.Connections())
	if err != nil {
		broken = append(broken, fileAmiss(p.Paths.Connections(), err))
	}
	for _, f := range files {
		if err := usable(catalogue, f); err != nil {
			broken = append(broken, fileAmiss(f.Path, err))
		}
	}
	if len(broken) > 0 {
		sort.Slice(broken, func(i, j int) bool { return broken[i].Detail < broken[j].Detail })
		return broken
	}
	return []Check{fine("config", "%s can be used.", count(len(files), "connection file"))}
}

func usable(c *catalog.Catalogue, f config.File) error {
	if f.Err != nil {
		return f.Err
	}
	if _, err := providers.NewClient(c, f.Connection, providers.ClientOptions{}); err != nil {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	return nil
}

func fileAmiss(path string, err error) Check {
	var fault *catalog.FileError
	if errors.As(err, &fault) && fault.File != "" {
		path = fault.File
	}
	hint := Edit(path)
	if errors.Is(err, config.ErrWritable) {
		_, hint, _ = strings.Cut(err.Error(), "run: ")
	}
	return failed("config", hint, "%s.", strings.TrimSuffix(err.Error(), "."))
}

func count(n int, what string) string {
	switch n {
	case 0:
		return "No " + what + " is there yet; the settings"
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
