package browser

import "context"

func open(ctx context.Context, url string) error {
	return tryEach(ctx, [][]string{{"/usr/bin/open", url}})
}
