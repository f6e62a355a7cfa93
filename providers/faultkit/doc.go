// Package faultkit stands in front of a provider in tests and does to it what
// the world does to providers: it answers for them, mangles what they say,
// loses it, and cuts the line.
//
//	kit := faultkit.New(faultkit.Options{})
//	p := practicetest.Start(t, server.Options{}, kit.Wrap)
//	kit.Script(faultkit.Status(503), faultkit.DropAnswer(), faultkit.Pass())
//
// The first token request is then answered 503, the second reaches the provider
// and its answer is lost, the third and all later ones pass.
//
// To add a fault, write a function that returns a Fault, list it in Catalogue,
// and add its line to the table in faults_test.go, which looks at the bytes.
package faultkit
