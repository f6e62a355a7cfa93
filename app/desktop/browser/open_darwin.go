package browser

import (
	"context"
	"log/slog"
)

func start(ctx context.Context, log *slog.Logger, url string) error {
	return tryEach(ctx, log, [][]string{{"/usr/bin/open", url}})
}
