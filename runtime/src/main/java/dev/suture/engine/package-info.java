/**
 * Actions on any live target, one or several at once: loading is uploading and applying, what fails half way is taken
 * back, and the state is read again afterwards. In go targets, payloads and options; out comes one report for each
 * target. Knows no ptrace and no hypercall.
 */
package dev.suture.engine;
