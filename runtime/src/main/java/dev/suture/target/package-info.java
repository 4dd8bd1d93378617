/**
 * What every target can do, at the level of actions: a hypervisor contains an engine of its own, a process does not.
 * In go payloads and names, out come outcomes that say what state was seen afterwards.
 */
package dev.suture.target;
