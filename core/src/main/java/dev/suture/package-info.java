/** What every part of Suture speaks of: refusals, progress, and the root of its exceptions. */
package dev.suture;
