// Awsget prints the credentials that AWS's SDK finds for a profile: the access
// key id, and when it ends.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	if err := show(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func show(ctx context.Context, profile string) error {
	found, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(profile))
	if err != nil {
		return err
	}
	c, err := found.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	fmt.Println(c.AccessKeyID, c.SecretAccessKey, c.SessionToken, c.Expires.UTC().Format(time.RFC3339), c.Source)
	return nil
}
