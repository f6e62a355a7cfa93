// Kubeget asks the server of a kubeconfig for a path, with client-go's exec
// authenticator, and prints the answer. Each further path is asked by the same
// client, which keeps its credentials.
package main

import (
	"fmt"
	"io"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	for _, err := range get(os.Args[1], os.Args[2:]) {
		fmt.Fprintln(os.Stderr, err)
		defer os.Exit(1)
	}
}

func get(kubeconfig string, paths []string) (failed []error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return []error{err}
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return []error{err}
	}
	for _, path := range paths {
		answer, err := client.Get(config.Host + path)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		fmt.Printf("%d %s\n", answer.StatusCode, body)
	}
	return failed
}
