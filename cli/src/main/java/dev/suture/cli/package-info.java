/** The command line: one class per command, one table of exit codes. */
package dev.suture.cli;
