# SPDX-License-Identifier: Apache-2.0
"""Language models as sources of plans: servers with OpenAI's interface, local weights.

A model reads words into tasks; everything after that is the same as offline.
"""
