import hooks from 'eslint-plugin-react-hooks'
import tseslint from 'typescript-eslint'

export default tseslint.config(
  { files: ['src/**/*.{ts,tsx}'], ignores: ['src/api/schema.ts'] },
  tseslint.configs.strict,
  hooks.configs.flat['recommended'],
  { rules: { eqeqeq: 'error', '@typescript-eslint/no-non-null-assertion': 'error' } },
)
