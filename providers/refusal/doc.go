// Package refusal says what a provider's answer means for a grant when it brings
// no token: Classify, a pure function, and the Failure that it returns.
//
// It reads answers in all the forms in which providers send them (ParseBody,
// Lookup), and knows no provider by name: what one of them says differently from
// the standard is a rule in its entry (ErrorRules), with the source of the rule.
package refusal
