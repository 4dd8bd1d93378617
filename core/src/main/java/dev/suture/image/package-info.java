/**
 * The unpatched program as a patch sees it: its build id, and its symbols under the names by which the running target
 * knows them.
 */
package dev.suture.image;
