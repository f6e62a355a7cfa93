package setup

import "path/filepath"

// AWS makes a profile, authtray-NAME, whose credentials authtray gets from STS.
// args are those of the aws helper after the connection's name.
func AWS(p Plan, args []string) []Step {
	header := "[profile authtray-" + p.Name + "]"
	lines := []string{header, "credential_process = " + awsWords(p.argv(append([]string{"helper", "aws", p.Name}, args...)...))}
	path := p.env("AWS_CONFIG_FILE", filepath.Join(p.Home, ".aws", "config"))
	return []Step{
		block{path: path, lines: lines, about: header, mine: func(line string) bool { return line == header }},
		note{"then:  aws --profile authtray-" + p.Name + " sts get-caller-identity"},
	}
}

// awsWords: some of AWS's tools hand the line to a shell, and others cut it
// themselves and know double quotes only.
func awsWords(argv []string) string {
	line := ""
	for i, arg := range argv {
		if i > 0 {
			line += " "
		}
		if quote(arg) == arg {
			line += arg
		} else {
			line += `"` + arg + `"`
		}
	}
	return line
}
