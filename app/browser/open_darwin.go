package browser

import "context"

func start(ctx context.Context, url string) error {
	return tryEach(ctx, [][]string{{"/usr/bin/open", url}})
}
