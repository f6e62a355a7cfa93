//go:build !linux && !darwin && !windows

package browser

import "context"

func start(ctx context.Context, url string) error {
	return tryEach(ctx, [][]string{{"xdg-open", url}})
}
