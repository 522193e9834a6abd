# SPDX-License-Identifier: Apache-2.0
"""What starts, watches and stops the processes of a stack."""
