package setup

// Kubectl makes a user of kubectl's, authtray-NAME, whose token authtray gives.
// v1beta1 is what every kubectl since 1.11 understands; v1 is the same on the
// wire. The contexts are the user's own.
func Kubectl(p Plan, idToken bool) []Step {
	user := "authtray-" + p.Name
	args := []string{"helper", "kubectl", p.Name}
	if idToken {
		args = append(args, "--id-token")
	}
	argv := []string{"kubectl", "config", "set-credentials", user, "--exec-api-version=client.authentication.k8s.io/v1beta1", "--exec-command=" + p.Program}
	for _, arg := range args {
		argv = append(argv, "--exec-arg="+arg)
	}
	return []Step{command{argv: argv}, note{"and let a context use it:  kubectl config set-context --current --user=" + user}}
}
