/**
 * Operator commands, on the admin listener.
 */
@NullMarked
package io.argosy.broker.admin;

import org.jspecify.annotations.NullMarked;
